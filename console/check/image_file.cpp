// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/image_file.hpp"

#include <cstring>
#include <openssl/evp.h>

#include "console/base/file.hpp"

namespace console {

namespace {

constexpr const char *image_path = "/lib/firmware/vmnix/vmkernel";
constexpr std::string_view gzip_mark = "\x1f\x8b";

// Every byte of std::string may be read as an unsigned one.
const std::uint8_t *bytes_of(const std::string &text) {
    return reinterpret_cast<const std::uint8_t *>(text.data());
}

std::optional<Sha256> sha256(const std::string &content) {
    Sha256 digest;
    if (EVP_Digest(content.data(), content.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
        return std::nullopt;
    return digest;
}

ImageFile check(const std::string &content) {
    if (content.starts_with(gzip_mark))
        return {ImageFile::State::Compressed, VMNIX_IMAGE_OK, {}, {}};
    vmnix_elf elf;
    ImageFile image;
    image.error = vmnix_elf_parse(bytes_of(content), content.size(), &elf);
    if (image.error == VMNIX_IMAGE_OK) {
        image.version.assign(elf.header.version, strnlen(elf.header.version, sizeof elf.header.version));
        image.digest = sha256(content);
    }
    return image;
}

} // namespace

ImageFile ImageFile::look(const std::filesystem::path &root) {
    std::error_code error;
    for (const char *suffix : {"", ".gz"}) {
        const std::string path = root.string() + image_path + suffix;
        if (!std::filesystem::exists(path, error))
            continue;
        const auto content = read_file(path);
        return content ? check(*content) : ImageFile{State::Unreadable, VMNIX_IMAGE_OK, {}, {}};
    }
    return {};
}

} // namespace console
