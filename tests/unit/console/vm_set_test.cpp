// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/share/set_command.hpp"

#include "tests/unit/console/vm_rig.hpp"

using namespace console;
using test::VmRig;
using testing::HasSubstr;

TEST(VmSet, ChangesWhatIsNamedAndShowsAll) {
    VmRig rig;
    rig.vms().add("web").info.share.limit = 900;
    ASSERT_EQ(rig.command({"set", "web", "--shares", "2000", "--reservation", "12.5%", "--affinity", "1"}),
              ExitCode::Ok);
    EXPECT_EQ(rig.out.text,
              "name         web\nshares       2000\nreservation  12.5%\nlimit        90%\naffinity     1\n");
    const vmnix_vm_share &share = rig.vms().named("web").info.share;
    EXPECT_EQ(share.shares, 2000u);
    EXPECT_EQ(share.reservation, 125u);
    EXPECT_EQ(share.limit, 900u);
    EXPECT_EQ(share.affinity[0], 2u);
    ASSERT_EQ(rig.command({"set", "web", "--limit", "none", "--affinity", "all", "--json"}), ExitCode::Ok);
    EXPECT_EQ(rig.json()["limit_percent"], nullptr);
    EXPECT_EQ(rig.json()["shares"], 2000);
}

TEST(VmSet, TheServiceConsoleHasAShareToo) {
    VmRig rig;
    ASSERT_EQ(rig.command({"set", "console", "--shares", "500"}), ExitCode::Ok);
    EXPECT_EQ(rig.vms().console_share.shares, 500u);
    EXPECT_THAT(rig.out.text, HasSubstr("name         console\nshares       500\n"));
}

TEST(VmSet, AVmmThatDoesNotTellTheConsolesShareIsNoMatter) {
    VmRig rig;
    rig.vms().tells_console = false;
    ASSERT_EQ(rig.command({"set", "console", "--reservation", "20%"}), ExitCode::Ok);
    EXPECT_EQ(rig.vms().console_share.reservation, 200u);
    EXPECT_EQ(rig.vms().console_share.shares, 1000u);
    EXPECT_THAT(rig.out.text, HasSubstr("reservation  20%\n"));
    EXPECT_THAT(rig.err.text, HasSubstr("does not tell the service console's share"));
}

TEST(VmSet, RefusalsChangeNothing) {
    VmRig rig;
    rig.vms().add("web");
    EXPECT_EQ(rig.command({"set", "web", "--reservation", "50%", "--limit", "20%"}), ExitCode::Usage);
    EXPECT_EQ(rig.command({"set", "web", "--affinity", "2"}), ExitCode::Usage);
    EXPECT_THAT(rig.err.text, HasSubstr("here are CPUs 0 to 1"));
    EXPECT_EQ(rig.command({"set", "web", "--shares", "many"}), ExitCode::Usage);
    EXPECT_THAT(rig.err.text, HasSubstr("--shares: 'many'"));
    rig.vms().share_answer = VmAnswer::LimitReached;
    EXPECT_EQ(rig.command({"set", "web", "--reservation", "190%"}), ExitCode::Refused);
    EXPECT_THAT(rig.err.text, HasSubstr("the reservations of all would exceed what 2 CPUs have"));
    EXPECT_EQ(rig.vms().named("web").info.share.reservation, 0u);
}
