// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace console {

// Keys keep the order in which they are written here: people read JSON too.
using Json = nlohmann::ordered_json;

enum class JsonForm { Pretty, OneLine };

// With a newline at the end. Bytes that are no UTF-8 are replaced rather than thrown about: they come from logs.
inline std::string json_text(const Json &value, JsonForm form = JsonForm::Pretty) {
    const int indent = form == JsonForm::Pretty ? 2 : -1;
    return value.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace console
