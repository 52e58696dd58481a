// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/options/vm_option.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "console/vm/options/bad_value.hpp"
#include "console/vm/options/share_options.hpp"
#include "console/vm/options/values.hpp"
#include "console/vm/options/vm_name.hpp"

namespace console {

namespace {

using Texts = std::vector<std::string>;
using Folder = std::filesystem::path;

Texts unless(bool is_default, std::string text) {
    return is_default ? Texts{} : Texts{std::move(text)};
}

std::string absolute_path(const std::string &text, const Folder &folder) {
    if (text.empty())
        throw BadValue("the name of a file is missing");
    return (folder / text).lexically_normal().string();
}

VmOption path_option(const char *key, const char *help, std::string VmOptions::*member) {
    return {key,
            "FILE",
            help,
            OptionPlace::Everywhere,
            OptionKind::Value,
            [member](VmOptions &vm, const std::string &text, const Folder &folder) {
                vm.*member = absolute_path(text, folder);
            },
            [member](const VmOptions &vm) { return unless((vm.*member).empty(), vm.*member); }};
}

VmOption yes_no_option(const char *key, const char *help, OptionPlace place, bool VmOptions::*member) {
    return {key,
            "",
            help,
            place,
            OptionKind::YesNo,
            [member](VmOptions &vm, const std::string &text, const Folder &) { vm.*member = parse_yes_no(text); },
            [member](const VmOptions &vm) { return unless(!(vm.*member), "yes"); }};
}

VmOption number_option(const char *key, const char *help, OptionPlace place, std::uint32_t VmOptions::*member,
                       std::uint32_t least, std::uint32_t most) {
    return {key,
            "NUMBER",
            help,
            place,
            OptionKind::Value,
            [=](VmOptions &vm, const std::string &text, const Folder &) {
                vm.*member = static_cast<std::uint32_t>(parse_number(text, key, least, most));
            },
            [=](const VmOptions &vm) { return unless(vm.*member == VmOptions{}.*member, std::to_string(vm.*member)); }};
}

void set_uuid(VmOptions &vm, const std::string &text, const Folder &) {
    vm.uuid = parse_uuid(text);
    if (!vm.uuid)
        throw BadValue(fmt::format("'{}' is no UUID: it has 32 hexadecimal digits in groups of 8-4-4-4-12", text));
}

void set_append(VmOptions &vm, const std::string &text, const Folder &) {
    if (text.find_first_of(std::string("\0\n", 2)) != text.npos)
        throw BadValue("a kernel's command line is one line");
    vm.append = text;
}

void add_module(VmOptions &vm, const std::string &text, const Folder &folder) {
    const std::size_t equals = text.find('=');
    vm.modules.push_back(
        {absolute_path(text.substr(0, equals), folder), equals == text.npos ? "" : text.substr(equals + 1)});
}

Texts module_texts(const VmOptions &vm) {
    Texts texts;
    for (const VmOptions::Module &module : vm.modules)
        texts.push_back(module.text.empty() ? module.file : module.file + "=" + module.text);
    return texts;
}

VmOption share_option(const ShareOption &option) {
    return {option.key,
            option.value_name,
            option.help,
            OptionPlace::Everywhere,
            OptionKind::Value,
            [&option](VmOptions &vm, const std::string &text, const Folder &) { option.set(vm.share, text); },
            [&option](const VmOptions &vm) {
                const std::string text = option.get(vm.share);
                return unless(text == option.get(VmOptions{}.share), text);
            }};
}

std::vector<VmOption> all_options() {
    constexpr OptionPlace everywhere = OptionPlace::Everywhere;
    std::vector<VmOption> options{
        {"name", "NAME", "by which commands find it", everywhere, OptionKind::Value,
         [](VmOptions &vm, const std::string &text, const Folder &) { vm.name = checked_vm_name(text); },
         [](const VmOptions &vm) { return Texts{vm.name}; }},
        path_option("kernel", "the kernel: a Linux bzImage, PVH or multiboot", &VmOptions::kernel),
        path_option("initrd", "its initial RAM disk", &VmOptions::initrd),
        {"append", "TEXT", "the kernel's command line", everywhere, OptionKind::Value, set_append,
         [](const VmOptions &vm) { return unless(vm.append.empty(), vm.append); }},
        {"memory", "SIZE", "RAM, for example 128M or 1G; by default 256M", everywhere, OptionKind::Value,
         [](VmOptions &vm, const std::string &text, const Folder &) { vm.memory = parse_memory(text); },
         [](const VmOptions &vm) { return Texts{memory_text(vm.memory)}; }},
        number_option("vcpus", "virtual CPUs; by default 1", everywhere, &VmOptions::vcpus, 1, VMNIX_MAX_VM_VCPUS),
    };
    const auto shares = share_options();
    std::transform(shares.begin(), shares.end(), std::back_inserter(options), share_option);
    options.push_back({"uuid", "UUID", "its UUID instead of a random one", everywhere, OptionKind::Value, set_uuid,
                       [](const VmOptions &vm) { return vm.uuid ? Texts{uuid_text(*vm.uuid)} : Texts{}; }});
    options.push_back({"module", "FILE[=TEXT]", "a file for a multiboot or PVH kernel; may be given several times",
                       everywhere, OptionKind::List, add_module, module_texts});
    options.push_back(yes_no_option("rm", "remove it when it has ended", everywhere, &VmOptions::remove));
    options.push_back(
        yes_no_option("autostart", "start it with the service", OptionPlace::FilesOnly, &VmOptions::autostart));
    options.push_back(number_option("order", "when the service starts it; by default 100", OptionPlace::FilesOnly,
                                    &VmOptions::order, 0, 1'000'000));
    return options;
}

} // namespace

std::span<const VmOption> vm_options() {
    static const std::vector<VmOption> options = all_options();
    return options;
}

const VmOption *find_vm_option(std::string_view key) {
    const auto options = vm_options();
    const auto found = std::find_if(options.begin(), options.end(), [&](const VmOption &o) { return key == o.key; });
    return found == options.end() ? nullptr : &*found;
}

} // namespace console
