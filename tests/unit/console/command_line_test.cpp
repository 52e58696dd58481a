// SPDX-License-Identifier: GPL-2.0-only
#include "console/app/command_line.hpp"

#include <gmock/gmock.h>
#include <vector>

using namespace console;
using testing::HasSubstr;

namespace {

std::variant<Answer, Command> parse(std::vector<const char *> words) {
    words.insert(words.begin(), "vmnix");
    words.push_back(nullptr);
    return parse_command_line(static_cast<int>(words.size()) - 1, words.data());
}

template <class Options> Options options(const std::vector<const char *> &words) {
    return std::get<Options>(std::get<Command>(parse(words)));
}

Answer answer(const std::vector<const char *> &words) {
    return std::get<Answer>(parse(words));
}

} // namespace

TEST(CommandLine, Defaults) {
    EXPECT_FALSE(options<StatusOptions>({"status"}).json);
    EXPECT_FALSE(options<CheckOptions>({"check"}).json);
    EXPECT_FALSE(options<DmesgOptions>({"dmesg"}).follow);
    const TopOptions top = options<TopOptions>({"top"});
    EXPECT_EQ(top.interval, 1);
    EXPECT_EQ(top.count, std::nullopt);
}

TEST(CommandLine, Options) {
    EXPECT_TRUE(options<StatusOptions>({"status", "--json"}).json);
    EXPECT_TRUE(options<CheckOptions>({"check", "--json"}).json);
    EXPECT_TRUE(options<DmesgOptions>({"dmesg", "-f"}).follow);
    EXPECT_TRUE(options<DmesgOptions>({"dmesg", "--follow", "--json"}).json);
    EXPECT_EQ(options<TopOptions>({"top", "-d", "0.5"}).interval, 0.5);
    EXPECT_EQ(options<TopOptions>({"top", "--delay=2"}).interval, 2);
    EXPECT_EQ(options<TopOptions>({"top", "-n", "0"}).count, 0u);
    EXPECT_EQ(options<TopOptions>({"top", "--count", "7"}).count, 7u);
}

TEST(CommandLine, HelpAndVersionAreNoMistakes) {
    for (const auto &words : std::vector<std::vector<const char *>>{{"--help"}, {"top", "-h"}, {"-h"}}) {
        EXPECT_EQ(answer(words).code, ExitCode::Ok);
        EXPECT_THAT(answer(words).out, HasSubstr("Exit codes:"));
    }
    EXPECT_THAT(answer({"top", "--help"}).out, HasSubstr("--delay SECONDS"));
    EXPECT_EQ(answer({"--version"}).code, ExitCode::Ok);
    EXPECT_THAT(answer({"--version"}).out, testing::StartsWith("vmnix 0.0.test\n"));
}

TEST(CommandLine, MistakesNameTheMistakeAndTheWayToHelp) {
    struct Case {
        std::vector<const char *> words;
        const char *what, *help;
    };
    const Case cases[] = {
        {{"launch"}, "there is no command 'launch'", "Try 'vmnix --help'"},
        {{"--json"}, "subcommand is required", "Try 'vmnix --help'"},
        {{"status", "now"}, "now", "Try 'vmnix status --help'"},
        {{"status", "--jsn"}, "--jsn", "Try 'vmnix status --help'"},
        {{"status", "-f"}, "-f", "Try 'vmnix status --help'"},
        {{"status", "top"}, "top", "--help"},
        {{"top", "-d"}, "--delay", "Try 'vmnix top --help'"},
        {{"top", "-d", "nan"}, "'nan' is not a number of seconds", "Try 'vmnix top --help'"},
        {{"top", "-d", "0"}, "'0' is not a number of seconds", "Try 'vmnix top --help'"},
        {{"top", "-d", "1s"}, "'1s' is not a number of seconds", "Try 'vmnix top --help'"},
        {{"top", "-n", "-1"}, "'-1' is not a whole number", "Try 'vmnix top --help'"},
        {{"top", "-n", "99999999999"}, "is not a whole number", "Try 'vmnix top --help'"},
    };
    for (const Case &mistake : cases) {
        const Answer said = answer(mistake.words);
        EXPECT_EQ(said.code, ExitCode::Usage) << mistake.what;
        EXPECT_EQ(said.out, "") << mistake.what;
        EXPECT_THAT(said.err, HasSubstr(mistake.what));
        EXPECT_THAT(said.err, HasSubstr(mistake.help));
    }
}

TEST(CommandLine, NothingAtAllShowsHelpAsAMistake) {
    EXPECT_EQ(answer({}).code, ExitCode::Usage);
    EXPECT_THAT(answer({}).err, HasSubstr("Subcommands:"));
}
