// SPDX-License-Identifier: GPL-2.0-only
#include "console/app/run.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/unit/console/fakes.hpp"

using namespace console;
using test::Rig;

namespace {

ExitCode run_words(Rig &rig, std::vector<const char *> words) {
    words.insert(words.begin(), "vmnix");
    words.push_back(nullptr);
    return run(static_cast<int>(words.size()) - 1, words.data(), rig.environment);
}

} // namespace

TEST(Run, ErrorsSayCauseAndRemedy) {
    Rig rig;
    rig.unload();
    EXPECT_EQ(run_words(rig, {"dmesg"}), ExitCode::NotRunning);
    EXPECT_EQ(rig.err.text, "vmnix: the VMM is not loaded\nvmnix: start it\n");
    EXPECT_EQ(rig.out.text, "");
}

TEST(Run, MachinesGetTheErrorAsJsonToo) {
    Rig rig;
    rig.unload();
    EXPECT_EQ(run_words(rig, {"top", "--json"}), ExitCode::NotRunning);
    EXPECT_EQ(nlohmann::json::parse(rig.out.text)["error"], "the VMM is not loaded");
    EXPECT_EQ(rig.out.text.find('\n'), rig.out.text.size() - 1); // one line, as the tables
}

TEST(Run, AFullDiskIsAFailure) {
    Rig rig;
    rig.out.full = true;
    for (const char *command : {"status", "top"})
        EXPECT_EQ(run_words(rig, {command}), ExitCode::Failure);
    EXPECT_EQ(run_words(rig, {"status", "--json"}), ExitCode::Failure);
    EXPECT_EQ(run_words(rig, {"--help"}), ExitCode::Failure);
    EXPECT_THAT(rig.err.text, testing::HasSubstr("No space left on device"));
}

TEST(Run, NobodyToTellIsNoCrash) {
    Rig rig;
    rig.out.full = rig.err.full = true;
    EXPECT_EQ(run_words(rig, {"status", "--json"}), ExitCode::Failure);
    EXPECT_EQ(run_words(rig, {"nonsense"}), ExitCode::Failure);
}

TEST(Run, UsageErrorsGoToStandardError) {
    Rig rig;
    EXPECT_EQ(run_words(rig, {"nonsense"}), ExitCode::Usage);
    EXPECT_EQ(rig.out.text, "");
    EXPECT_NE(rig.err.text, "");
}
