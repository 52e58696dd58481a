// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/options/vm_name.hpp"

#include <fmt/format.h>

#include "console/vm/options/bad_value.hpp"
#include "vmnix/abi/hypercall/vm.h"

namespace console {

namespace {

constexpr std::string_view characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

} // namespace

std::string checked_vm_name(const std::string &name) {
    if (name.empty())
        throw BadValue("a name has at least one character");
    if (name.size() >= VMNIX_VM_NAME)
        throw BadValue(fmt::format("the name '{}' is too long: {} characters at most", name, VMNIX_VM_NAME - 1));
    if (name.find_first_not_of(characters) != name.npos)
        throw BadValue(fmt::format("'{}' is no name: it may have letters, digits, '.', '_' and '-'", name));
    if (name.front() == '.' || name.front() == '-')
        throw BadValue(fmt::format("'{}' is no name: it begins with a letter, a digit or '_'", name));
    if (name == "all" || name == service_console_name)
        throw BadValue(fmt::format("the name '{}' has a meaning for vmnix: take another", name));
    return name;
}

} // namespace console
