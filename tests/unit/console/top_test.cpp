// SPDX-License-Identifier: GPL-2.0-only
#include "console/top/top_command.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/unit/console/fakes.hpp"

using namespace console;
using test::Rig;

TEST(Top, WithoutATerminalOneTableIsTheDefault) {
    Rig rig;
    EXPECT_EQ(run_top(rig.environment, {}), ExitCode::Ok);
    EXPECT_EQ(rig.sleeps, std::vector<double>{1});
    EXPECT_EQ(std::count(rig.out.text.begin(), rig.out.text.end(), '\n'), 4);
    EXPECT_THAT(rig.out.text, testing::ContainsRegex("\nall +100 +- +100 "));
    EXPECT_THAT(rig.out.text, testing::Not(testing::HasSubstr("\x1b")));
}

TEST(Top, JsonIsOneLinePerTable) {
    Rig rig;
    EXPECT_EQ(run_top(rig.environment, {.json = true, .interval = 0.5, .count = 3}), ExitCode::Ok);
    EXPECT_EQ(rig.sleeps.size(), 3u);
    std::istringstream lines(rig.out.text);
    unsigned count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        const auto json = nlohmann::json::parse(line);
        EXPECT_DOUBLE_EQ(json["seconds"], 0.5);
        EXPECT_DOUBLE_EQ(json["vcpus"][0]["exits"]["cpuid"], 100.0);
    }
    EXPECT_EQ(count, 3u);
}

TEST(Top, EndsWhenOutputFails) {
    Rig rig;
    rig.out.full = true;
    EXPECT_THROW(run_top(rig.environment, {.count = 0}), Failure);
}
