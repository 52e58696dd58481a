// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/orders/by_name.hpp"

#include <fmt/format.h>

namespace console {

void ByName::each(const std::vector<std::string> &names,
                  const std::function<std::string(const std::string &)> &action) {
    for (const std::string &name : names) {
        try {
            done(name, action(name));
        } catch (const Failure &failure) {
            failed(name, failure);
        }
    }
}

void ByName::done(const std::string &name, const std::string &text) {
    if (!json_)
        environment_.out.write(fmt::format("{}: {}\n", name, text));
    results_.push_back({{"name", name}, {"done", true}, {"text", text}});
}

void ByName::failed(const std::string &name, const Failure &failure) {
    std::string text = fmt::format("vmnix: {}\n", failure.cause());
    if (!failure.remedy().empty())
        text += fmt::format("vmnix: {}\n", failure.remedy());
    environment_.err.write(text);
    results_.push_back({{"name", name},
                        {"done", false},
                        {"error", failure.cause()},
                        {"remedy", failure.remedy()},
                        {"exit_code", static_cast<int>(failure.code())}});
    if (code_ == ExitCode::Ok)
        code_ = failure.code();
}

ExitCode ByName::finish() {
    if (json_)
        environment_.out.write(json_text({{"vms", results_}}));
    return code_;
}

} // namespace console
