// SPDX-License-Identifier: GPL-2.0-only
#include "console/service_console/package_files.hpp"

#include <array>
#include <fmt/format.h>
#include <openssl/evp.h>

#include "console/base/failure.hpp"
#include "console/base/file.hpp"
#include "console/service_console/kernel_command_line.hpp"
#include "console/text/units.hpp"

namespace console {

namespace {

constexpr std::string_view kernel_name = "vmlinuz-";
constexpr std::string_view initrd_name = "initrd.img-";
constexpr std::size_t digits = 4; // bytes of a digest, for people

std::string running_kernel(const std::filesystem::path &root) {
    std::string release = read_file(root.string() + "/proc/sys/kernel/osrelease").value_or("");
    release.erase(std::min(release.find('\n'), release.size()));
    std::string file = fmt::format("{}/boot/{}{}", root.string(), kernel_name, release);
    if (!std::filesystem::exists(file))
        throw Failure(ExitCode::Failure, fmt::format("the running kernel's file is not at {}", file),
                      "name it: vmnix service-console set --kernel FILE --initrd FILE");
    return file;
}

// Beside /boot/vmlinuz-RELEASE lies /boot/initrd.img-RELEASE.
std::optional<std::string> initrd_beside(const std::filesystem::path &kernel) {
    const std::string name = kernel.filename().string();
    if (!name.starts_with(kernel_name))
        return std::nullopt;
    std::filesystem::path initrd = kernel.parent_path() / (std::string(initrd_name) + name.substr(kernel_name.size()));
    return std::filesystem::exists(initrd) ? std::optional(initrd.string()) : std::nullopt;
}

BootFile read_package_file(const std::string &path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (!error && size > VMNIX_PACKAGE_MOST)
        throw Failure(
            ExitCode::Failure,
            fmt::format("{} has {}, a package takes {}", path, byte_size(size), byte_size(VMNIX_PACKAGE_MOST)),
            "give a smaller file");
    return read_boot_file(path, VMNIX_PACKAGE_MOST);
}

std::string file_text(std::string_view what, const BootFile &file) {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    EVP_Digest(file.bytes.data(), file.bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    return fmt::format("{} {} ({})", what, byte_size(file.bytes.size()), hex_bytes(std::span(digest).first(digits)));
}

} // namespace

PackageFiles read_package_files(const std::filesystem::path &root, const PackageWish &wish) {
    const std::string kernel = wish.kernel ? *wish.kernel : running_kernel(root);
    const auto initrd = wish.initrd ? wish.initrd : initrd_beside(kernel);
    PackageFiles files{read_package_file(kernel), std::nullopt, {}};
    if (initrd)
        files.initrd = read_package_file(*initrd);
    files.command_line =
        restart_command_line(wish.append ? *wish.append : read_file(root.string() + "/proc/cmdline").value_or(""));
    return files;
}

std::string package_text(const PackageFiles &files, const std::string &release) {
    return fmt::format("Linux {}: {}, {}", release.empty() ? "of unknown release" : release,
                       file_text("kernel", files.kernel),
                       files.initrd ? file_text("initrd", *files.initrd) : "no initrd");
}

} // namespace console
