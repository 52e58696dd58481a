// SPDX-License-Identifier: GPL-2.0-only
#include "console/app/run.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/unit/console/fakes.hpp"

using namespace console;
using test::World;

namespace {

ExitCode run_words(World &world, std::vector<const char *> words) {
    words.insert(words.begin(), "vmnix");
    words.push_back(nullptr);
    return run(static_cast<int>(words.size()) - 1, words.data(), world.environment);
}

} // namespace

TEST(Run, ErrorsSayCauseAndRemedy) {
    World world;
    world.unload();
    EXPECT_EQ(run_words(world, {"dmesg"}), ExitCode::NotRunning);
    EXPECT_EQ(world.err.text, "vmnix: the VMM is not loaded\nvmnix: start it\n");
    EXPECT_EQ(world.out.text, "");
}

TEST(Run, MachinesGetTheErrorAsJsonToo) {
    World world;
    world.unload();
    EXPECT_EQ(run_words(world, {"top", "--json"}), ExitCode::NotRunning);
    EXPECT_EQ(nlohmann::json::parse(world.out.text)["error"], "the VMM is not loaded");
    EXPECT_EQ(world.out.text.find('\n'), world.out.text.size() - 1); // one line, as the tables
}

TEST(Run, AFullDiskIsAFailure) {
    World world;
    world.out.full = true;
    for (const char *command : {"status", "top"})
        EXPECT_EQ(run_words(world, {command}), ExitCode::Failure);
    EXPECT_EQ(run_words(world, {"status", "--json"}), ExitCode::Failure);
    EXPECT_EQ(run_words(world, {"--help"}), ExitCode::Failure);
    EXPECT_THAT(world.err.text, testing::HasSubstr("No space left on device"));
}

TEST(Run, NobodyToTellIsNoCrash) {
    World world;
    world.out.full = world.err.full = true;
    EXPECT_EQ(run_words(world, {"status", "--json"}), ExitCode::Failure);
    EXPECT_EQ(run_words(world, {"nonsense"}), ExitCode::Failure);
}

TEST(Run, UsageErrorsGoToStandardError) {
    World world;
    EXPECT_EQ(run_words(world, {"nonsense"}), ExitCode::Usage);
    EXPECT_EQ(world.out.text, "");
    EXPECT_NE(world.err.text, "");
}
