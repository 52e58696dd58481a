// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/load_rows.hpp"

#include <fmt/format.h>

#include "console/base/file.hpp"
#include "console/check/proc_parsers.hpp"

namespace console {

namespace {

using Verdict = CheckRow::Verdict;

std::string text_of(const std::filesystem::path &root, const char *path) {
    return read_file(root.string() + path).value_or("");
}

} // namespace

CheckRow loading_row(const std::filesystem::path &root) {
    const std::string name = "loadable modules";
    std::error_code ignored;
    if (!std::filesystem::exists(root.string() + "/proc/modules", ignored))
        return {name, Verdict::Refused, "this kernel has no loadable modules", "boot a stock Debian kernel"};
    if (text_of(root, "/proc/sys/kernel/modules_disabled").starts_with('1'))
        return {name, Verdict::Refused, "loading modules was disabled (kernel.modules_disabled)",
                "reboot, and start the VMM before it is set"};
    return {name, Verdict::Ok, {}, {}};
}

CheckRow module_row(const std::optional<ModuleFile> &module, const std::string &release) {
    if (!module)
        return {"module file", Verdict::Refused, fmt::format("vmkmod is not installed for kernel {}", release),
                "in the source tree: make install"};
    return {"module file", Verdict::Ok, module->path(), {}};
}

CheckRow signature_row(const std::filesystem::path &root, const std::optional<ModuleFile> &module) {
    const std::string name = "module signature";
    const std::string lockdown(chosen_word(text_of(root, "/sys/kernel/security/lockdown")));
    const bool enforced = text_of(root, "/sys/module/module/parameters/sig_enforce").starts_with('Y');
    if (!enforced && (lockdown.empty() || lockdown == "none"))
        return {name, Verdict::Ok, "not required", {}};
    const std::string why = enforced
                                ? "this kernel takes signed modules only"
                                : fmt::format("the kernel is locked down ({}) and takes signed modules only", lockdown);
    if (!module || !module->is_readable())
        return {name, Verdict::Unknown, why, "see that vmkmod is signed by a key that the kernel trusts"};
    if (module->is_signed())
        return {name, Verdict::Ok, "signed; whether the kernel trusts the key shows when it is loaded", {}};
    return {name, Verdict::Refused, why + "; vmkmod is not signed",
            "sign it with a key enrolled by mokutil --import, see vmnix(8), or disable Secure Boot"};
}

CheckRow kvm_row(const std::filesystem::path &root) {
    const auto kvm = loaded_kvm(text_of(root, "/proc/modules"));
    if (!kvm)
        return {"KVM", Verdict::Ok, "not loaded", {}};
    if (kvm->users == 0)
        return {"KVM", Verdict::Ok, fmt::format("{} is loaded but idle; the service unloads it", kvm->name), {}};
    return {"KVM", Verdict::Refused, fmt::format("{} is in use ({} users)", kvm->name, kvm->users),
            "stop the virtual machines that use KVM"};
}

} // namespace console
