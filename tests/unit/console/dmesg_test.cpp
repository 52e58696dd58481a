// SPDX-License-Identifier: GPL-2.0-only
#include "console/dmesg/dmesg_command.hpp"

#include <gtest/gtest.h>

#include "console/dmesg/log_text.hpp"
#include "tests/unit/console/fakes.hpp"

using namespace console;
using test::Rig;

TEST(LogText, NothingInALogCommandsTheTerminal) {
    EXPECT_EQ(printable("a\tb\n"), "a\tb\n");
    EXPECT_EQ(printable(std::string_view("\x1b[2J\0\x7f\x9b", 7)), "\\x1b[2J\\x00\\x7f\\x9b");
}

TEST(LogText, SplitsLinesAcrossPieces) {
    LineSplitter splitter;
    EXPECT_EQ(splitter.feed("one\ntw"), std::vector<std::string>{"one"});
    EXPECT_EQ(splitter.feed("o\n\nthr"), (std::vector<std::string>{"two", ""}));
    EXPECT_EQ(splitter.rest(), "thr");
    EXPECT_EQ(splitter.rest(), "");
}

TEST(LogText, OnlyANumberInBracketsIsATime) {
    EXPECT_EQ(LogLine::parse("[1.500000] up").seconds, 1.5);
    EXPECT_EQ(LogLine::parse("[1.500000] up").text, "up");
    for (const char *line : {"up", "[x] up", "[1.5 s] up", "[1.5", "[] up", ""}) {
        EXPECT_EQ(LogLine::parse(line).seconds, std::nullopt) << line;
        EXPECT_EQ(LogLine::parse(line).text, line);
    }
}

TEST(Dmesg, PrintsTheKeptLogAndEnds) {
    Rig rig;
    rig.machine.log = {"first\nsec", "ond\n"};
    EXPECT_EQ(run_dmesg(rig.environment, {}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "first\nsecond\n");
}

TEST(Dmesg, FollowGoesOnUntilTheVmmIsGone) {
    Rig rig;
    rig.machine.log = {"one\n", "", "two\n", "", "three\n"};
    rig.machine.waits = {VmmDevice::Wait::Readable, VmmDevice::Wait::Timeout};
    try {
        run_dmesg(rig.environment, {.follow = true});
        FAIL() << "it ended as if all were well";
    } catch (const Failure &failure) {
        EXPECT_EQ(failure.code(), ExitCode::NotRunning);
    }
    EXPECT_EQ(rig.out.text, "one\ntwo\nthree\n");
}

TEST(Dmesg, JsonIsOneObjectPerLine) {
    Rig rig;
    rig.machine.log = {"[12.000034] a \"b\"\nc", "d"};
    EXPECT_EQ(run_dmesg(rig.environment, {.json = true}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "{\"seconds\":12.000034,\"text\":\"a \\\"b\\\"\"}\n{\"text\":\"cd\"}\n");
}
