// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/options/vm_file.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <sstream>

#include "console/base/failure.hpp"
#include "console/base/file.hpp"
#include "console/vm/options/bad_value.hpp"
#include "console/vm/options/vm_name.hpp"
#include "console/vm/options/vm_option.hpp"

namespace console {

namespace {

constexpr const char *blanks = " \t\r";
constexpr std::size_t most_bytes = std::size_t{64} << 10;

std::string trimmed(const std::string &text) {
    const std::size_t first = text.find_first_not_of(blanks);
    return first == text.npos ? "" : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// What comes before a '#' that stands at the beginning or after a blank.
std::string without_comment(const std::string &text) {
    for (std::size_t at = 0; (at = text.find('#', at)) != text.npos; ++at)
        if (at == 0 || std::strchr(blanks, text[at - 1]))
            return text.substr(0, at);
    return text;
}

// Between double quotes everything is taken as it is.
std::string value_of(const std::string &text) {
    if (!text.starts_with('"'))
        return trimmed(without_comment(text));
    const std::size_t end = text.find('"', 1);
    if (end == text.npos)
        throw BadValue("the closing quote is missing");
    if (!trimmed(without_comment(text.substr(end + 1))).empty())
        throw BadValue("something follows the closing quote");
    return text.substr(1, end - 1);
}

const VmOption &option_of(const std::string &key) {
    if (const VmOption *option = find_vm_option(key))
        return *option;
    std::vector<std::string_view> keys;
    for (const VmOption &option : vm_options())
        keys.push_back(option.key);
    throw BadValue(fmt::format("there is no key '{}'; there are {}", key, fmt::join(keys, ", ")));
}

class Reader {
  public:
    explicit Reader(const std::filesystem::path &path) : folder_(std::filesystem::absolute(path).parent_path()) {}

    void line(const std::string &whole) {
        const std::string text = trimmed(whole);
        if (text.empty() || text.front() == '#')
            return;
        const std::size_t equals = text.find('=');
        if (equals == text.npos)
            throw BadValue(fmt::format("'{}' is no line of the form key = value", text));
        const std::string key = trimmed(text.substr(0, equals));
        const VmOption &option = option_of(key);
        if (!seen_.insert(key).second && option.kind != OptionKind::List)
            throw BadValue(fmt::format("{} is given a second time", key));
        set(option, value_of(trimmed(text.substr(equals + 1))));
    }
    VmOptions take() { return std::move(options_); }

  private:
    void set(const VmOption &option, const std::string &value) {
        try {
            option.set(options_, value, folder_);
        } catch (const BadValue &bad) {
            throw BadValue(fmt::format("{}: {}", option.key, bad.what()));
        }
    }

    std::filesystem::path folder_;
    VmOptions options_;
    std::set<std::string> seen_;
};

std::string name_of(const std::filesystem::path &path) {
    try {
        return checked_vm_name(path.stem().string());
    } catch (const BadValue &bad) {
        throw Failure(ExitCode::Usage, fmt::format("{}: {}", path.string(), bad.what()),
                      "rename the file, or give a name in it: name = ...");
    }
}

} // namespace

VmOptions parse_vm_file(std::string_view text, const std::filesystem::path &path) {
    Reader reader(path);
    std::istringstream lines{std::string(text)};
    unsigned number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        try {
            reader.line(line);
        } catch (const BadValue &bad) {
            throw Failure(ExitCode::Usage, fmt::format("{}:{}: {}", path.string(), number, bad.what()),
                          "vmnix(8) describes the file");
        }
    }
    VmOptions options = reader.take();
    if (options.name.empty())
        options.name = name_of(path);
    return options;
}

VmOptions read_vm_file(const std::filesystem::path &path) {
    std::error_code ignored;
    errno = 0;
    const bool small =
        std::filesystem::is_regular_file(path, ignored) && std::filesystem::file_size(path, ignored) <= most_bytes;
    const auto text = small ? read_file(path) : std::nullopt;
    if (text)
        return parse_vm_file(*text, path);
    const char *why = std::filesystem::exists(path, ignored) ? (small ? std::strerror(errno) : "it is no text file")
                                                             : "there is no such file";
    throw Failure(ExitCode::Usage, fmt::format("cannot read {}: {}", path.string(), why));
}

} // namespace console
