// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/guests/guests_command.hpp"

#include "tests/unit/console/vm_rig.hpp"

using namespace console;
using test::FakeVm;
using test::VmRig;
using testing::HasSubstr;

namespace {

struct GuestsRig : VmRig {
    GuestsRig() {
        guest("web", "autostart = yes\norder = 20\n");
        guest("db", "autostart = yes\norder = 10\n");
        guest("cache", "autostart = yes\norder = 10\n");
        guest("spare", "");
        root.write("/guests/notes.txt", "no VM");
    }
    void guest(const std::string &name, const std::string &more) {
        root.write("/guests/" + name + ".vm", "kernel = " + kernel() + "\n" + more);
    }
    ExitCode guests(const std::string &action, const std::vector<std::string> &more = {}) {
        std::vector<std::string> words{"guests", action, "--directory", root.at("/guests").string()};
        words.insert(words.end(), more.begin(), more.end());
        return command(words);
    }
    void power_off_at_the_button() {
        vms().on_power_button = [this](FakeVm &vm) {
            pressed.emplace_back(vm.info.name);
            vms().end(vm, VMNIX_VM_POWERED_OFF);
        };
    }
    std::vector<std::string> pressed;
};

} // namespace

TEST(VmGuests, StartGoesByOrderAndName) {
    GuestsRig rig;
    ASSERT_EQ(rig.guests("start"), ExitCode::Ok) << rig.err.text;
    EXPECT_EQ(rig.out.text, "cache: started\ndb: started\nweb: started\n");
    EXPECT_FALSE(rig.vms().has("spare"));
    ASSERT_EQ(rig.guests("start"), ExitCode::Ok); // and again
    EXPECT_EQ(rig.out.text, "cache: runs already\ndb: runs already\nweb: runs already\n");
    EXPECT_EQ(rig.vms().last_id, 3u);
}

TEST(VmGuests, StartReplacesOneThatHasEnded) {
    GuestsRig rig;
    ASSERT_EQ(rig.guests("start"), ExitCode::Ok);
    rig.vms().end(rig.vms().named("db"), VMNIX_VM_CRASHED);
    ASSERT_EQ(rig.guests("start", {"--json"}), ExitCode::Ok);
    EXPECT_EQ(rig.json()["vms"][1]["text"], "started");
    EXPECT_EQ(rig.vms().named("db").info.state, std::uint32_t{VMNIX_VM_STATE_RUNNING});
}

TEST(VmGuests, OneThatDoesNotStartKeepsNoOtherFromIt) {
    GuestsRig rig;
    rig.root.write("/guests/bad.vm", "kernel = /k\nvcpu = 1\n");
    rig.root.write("/guests/lost.vm", "kernel = /nonexistent\nautostart = yes\norder = 1\n");
    rig.root.write("/guests/twin.vm", "kernel = /k\nname = spare\n");
    EXPECT_EQ(rig.guests("start"), ExitCode::Usage);
    EXPECT_THAT(rig.err.text, HasSubstr("bad.vm:2: there is no key 'vcpu'"));
    EXPECT_THAT(rig.err.text, HasSubstr("another file describes 'spare' too"));
    EXPECT_THAT(rig.err.text, HasSubstr("cannot read /nonexistent"));
    EXPECT_TRUE(rig.vms().has("web") && rig.vms().has("db"));
}

TEST(VmGuests, StopGoesTheOtherWayRound) {
    GuestsRig rig;
    ASSERT_EQ(rig.guests("start"), ExitCode::Ok);
    rig.vms().add("mine");
    rig.power_off_at_the_button();
    ASSERT_EQ(rig.guests("stop"), ExitCode::Ok);
    EXPECT_EQ(rig.pressed, (std::vector<std::string>{"web", "db", "cache"}));
    EXPECT_EQ(rig.vms().named("mine").info.state, std::uint32_t{VMNIX_VM_STATE_RUNNING});
    ASSERT_EQ(rig.guests("stop"), ExitCode::Ok); // and again
    EXPECT_EQ(rig.out.text, "");
    ASSERT_EQ(rig.guests("stop", {"--all"}), ExitCode::Ok);
    EXPECT_EQ(rig.pressed.back(), "mine");
}

TEST(VmGuests, StopWakesThePausedFirst) {
    GuestsRig rig;
    rig.vms().add("web", VMNIX_VM_STATE_PAUSED);
    rig.power_off_at_the_button();
    EXPECT_EQ(rig.guests("stop"), ExitCode::Ok);
    EXPECT_EQ(rig.vms().named("web").info.ending, std::uint32_t{VMNIX_VM_POWERED_OFF});
}

TEST(VmGuests, StopKillsOnlyWhenThatIsAskedFor) {
    GuestsRig rig;
    ASSERT_EQ(rig.guests("start"), ExitCode::Ok);
    EXPECT_EQ(rig.guests("stop", {"--timeout", "10s"}), ExitCode::TimedOut);
    EXPECT_NEAR(rig.now, 110, 1); // for all together
    EXPECT_THAT(rig.err.text, HasSubstr("web has not ended within 10.0 s; it goes on"));
    EXPECT_EQ(rig.vms().named("web").info.state, std::uint32_t{VMNIX_VM_STATE_RUNNING});
    EXPECT_EQ(rig.guests("stop", {"--timeout", "10s", "--kill-after-timeout"}), ExitCode::Ok);
    EXPECT_EQ(rig.vms().named("web").info.ending, std::uint32_t{VMNIX_VM_KILLED});
}

TEST(VmGuests, StopCanRemoveWhatHasEnded) {
    GuestsRig rig;
    ASSERT_EQ(rig.guests("start"), ExitCode::Ok);
    rig.power_off_at_the_button();
    rig.vms().end(rig.vms().add("old"), VMNIX_VM_KILLED);
    ASSERT_EQ(rig.guests("stop", {"--rm"}), ExitCode::Ok);
    ASSERT_EQ(rig.vms().list.size(), 1u); // another one's
    EXPECT_THAT(rig.out.text, HasSubstr("db: powered off\n"));
    EXPECT_THAT(rig.out.text, HasSubstr("db: removed\n"));
    ASSERT_EQ(rig.guests("stop", {"--rm", "--all"}), ExitCode::Ok);
    EXPECT_TRUE(rig.vms().list.empty());
}

TEST(VmGuests, StatusTellsWhatShouldRun) {
    GuestsRig rig;
    EXPECT_EQ(rig.guests("status"), ExitCode::WrongState);
    EXPECT_THAT(rig.out.text, testing::ContainsRegex("\ncache  absent  yes +10  /.*/guests/cache.vm\n"));
    ASSERT_EQ(rig.guests("start"), ExitCode::Ok);
    EXPECT_EQ(rig.guests("status", {"--json"}), ExitCode::Ok);
    EXPECT_EQ(rig.json()["guests"].size(), 4u);
    EXPECT_EQ(rig.json()["guests"][0]["state"], "running");
    EXPECT_EQ(rig.json()["guests"][3]["autostart"], false);
}

TEST(VmGuests, NoFolderAndNoVmmAreNothingToStop) {
    GuestsRig rig;
    EXPECT_EQ(rig.command({"guests", "start"}), ExitCode::Ok);
    rig.unload();
    EXPECT_EQ(rig.guests("stop"), ExitCode::Ok);
    EXPECT_EQ(rig.guests("start"), ExitCode::NotRunning);
    EXPECT_EQ(rig.command({"guests", "dance"}), ExitCode::Usage);
}
