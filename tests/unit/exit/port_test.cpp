// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/exit/port.hpp"

#include "tests/unit/fakes/exit_fixture.hpp"

namespace vmm::test {
namespace {

using x86::Gpr;

class PortExit : public ExitFixture {
  protected:
    void access(const PortAccess &port) {
        guest().rip = Guest::kCode;
        EXPECT_EQ(exit({.kind = ExitKind::Port, .length = 1, .port = port}), Verdict::Resume);
    }
};

TEST_F(PortExit, OutIsHandedThrough) {
    gpr(Gpr::Rax) = 0x1122'3344'5566'7788;
    for (std::uint8_t size : {1, 2, 4})
        access({.port = 0x92, .size = size});
    EXPECT_EQ(hardware().port_writes,
              (std::vector<Hardware::PortWrite>{{0x92, 1, 0x88}, {0x92, 2, 0x7788}, {0x92, 4, 0x55667788}}));
    EXPECT_EQ(guest().rip, Guest::kCode + 1);
    EXPECT_EQ(gpr(Gpr::Rax), 0x1122'3344'5566'7788u);
}

TEST_F(PortExit, InMergesByWidth) {
    hardware().ports[0x64] = 0xaabbccdd;
    struct {
        std::uint8_t size;
        std::uint64_t rax;
    } const rows[] = {{1, 0x1122'3344'5566'77dd}, {2, 0x1122'3344'5566'ccdd}, {4, 0xaabbccdd}};
    for (const auto &row : rows) {
        gpr(Gpr::Rax) = 0x1122'3344'5566'7788;
        access({.port = 0x64, .size = row.size, .in = true});
        EXPECT_EQ(gpr(Gpr::Rax), row.rax);
    }
}

TEST_F(PortExit, ResetsAreLoggedFirst) {
    gpr(Gpr::Rax) = 0x06;
    access({.port = 0xcf9, .size = 1});
    EXPECT_NE(rig_.log().find("ends the machine: CPU 0 wrote to port 0xcf9"), std::string::npos);
    EXPECT_EQ(hardware().port_writes.size(), 1u);
}

TEST_F(PortExit, OtherWritesAreNotLogged) {
    gpr(Gpr::Rax) = 0x02;
    access({.port = 0x92, .size = 1});
    EXPECT_EQ(rig_.log(), "");
}

TEST_F(PortExit, StringsAreRefused) {
    for (bool in : {false, true}) {
        access({.port = 0x64, .size = 1, .in = in, .string = true, .rep = true});
        expect_general_protection();
        EXPECT_EQ(guest().rip, Guest::kCode);
    }
    EXPECT_TRUE(hardware().port_writes.empty());
}

} // namespace
} // namespace vmm::test
