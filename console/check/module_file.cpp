// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/module_file.hpp"

#include "console/base/file.hpp"

namespace console {

namespace fs = std::filesystem;

namespace {

// What scripts/sign-file of the kernel puts at the end.
constexpr std::string_view signature_mark = "~Module signature appended~\n";
constexpr std::string_view elf_mark = "\x7f"
                                      "ELF";

} // namespace

std::optional<ModuleFile> ModuleFile::find(const fs::path &root, const std::string &release) {
    std::error_code error;
    const fs::path folder = root.string() + "/lib/modules/" + release;
    constexpr auto options = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator entry(folder, options, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename();
        if (name == "vmkmod.ko" || name.starts_with("vmkmod.ko."))
            return ModuleFile(entry->path());
    }
    return std::nullopt;
}

ModuleFile::ModuleFile(fs::path path) : path_(std::move(path)), content_(read_file(path_).value_or("")) {
    readable_ = content_.starts_with(elf_mark);
}

bool ModuleFile::is_signed() const {
    return content_.ends_with(signature_mark);
}

bool ModuleFile::contains(std::span<const std::uint8_t> bytes) const {
    return content_.find({reinterpret_cast<const char *>(bytes.data()), bytes.size()}) != std::string::npos;
}

} // namespace console
