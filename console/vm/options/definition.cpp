// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/options/definition.hpp"

#include <fmt/format.h>

#include "console/base/failure.hpp"
#include "console/vm/options/bad_value.hpp"
#include "console/vm/options/vm_option.hpp"

namespace console {

namespace {

void take(VmOptions &options, const VmOption &option, const Json &value) {
    const std::filesystem::path folder = "/";
    if (!value.is_array())
        return option.set(options, value.get<std::string>(), folder);
    for (const Json &element : value)
        option.set(options, element.get<std::string>(), folder);
}

} // namespace

Json definition_json(const VmOptions &options) {
    Json json = Json::object();
    for (const VmOption &option : vm_options()) {
        const std::vector<std::string> texts = option.get(options);
        if (option.kind == OptionKind::List && !texts.empty())
            json[std::string(option.key)] = texts;
        else if (!texts.empty())
            json[std::string(option.key)] = texts.front();
    }
    return json;
}

std::string definition_text(const VmOptions &options) {
    std::string text = definition_json(options).dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > VMNIX_VM_DEFINITION)
        throw Failure(ExitCode::Refused,
                      fmt::format("the options of {} take {} bytes, of which the VMM keeps {}", options.name,
                                  text.size(), VMNIX_VM_DEFINITION),
                      options.append.size() > VMNIX_VM_DEFINITION / 2 ? "the kernel's command line is too long"
                                                                      : "use shorter paths, or fewer modules");
    return text;
}

std::optional<VmOptions> parse_definition(const std::string &text) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object())
        return std::nullopt;
    VmOptions options;
    try {
        for (const auto &[key, value] : json.items())
            if (const VmOption *option = find_vm_option(key)) // a newer vmnix may have written more
                take(options, *option, value);
    } catch (const BadValue &) {
        return std::nullopt;
    } catch (const Json::exception &) {
        return std::nullopt;
    }
    return options;
}

} // namespace console
