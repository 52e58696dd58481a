// SPDX-License-Identifier: GPL-2.0-only
// MOVs to and from control registers that exit: bits that are the VMM's in truth. SDM vol. 3, 2.5 and 28.2.1.
#include "tests/unit/fakes/vmx_fixture.hpp"

namespace vmm::test {
namespace {

using namespace vmx;
using x86::Gpr;
namespace cr0 = x86::cr0;

constexpr std::uint64_t kGp = 0x8000'0b0d;

class VmxControlRegistersTest : public VmxFixture {
  protected:
    VmxControlRegistersTest() { capture(); }
    static std::uint64_t access(unsigned number, Gpr reg, cr_access::Type type = cr_access::Type::MovTo) {
        return number | cr_access::TypeField::make(type) | cr_access::Gpr::make(static_cast<std::uint8_t>(reg));
    }
    void write(unsigned number, std::uint64_t value) {
        gpr(Gpr::Rcx) = value;
        set(VmcsField::GuestRip, Guest::kCode);
        EXPECT_FALSE(exit(ExitReason::ControlRegister, 3, access(number, Gpr::Rcx)));
    }
    void expect_done() {
        EXPECT_FALSE(vcpu().event_queued());
        EXPECT_EQ(field(VmcsField::GuestRip), Guest::kCode + 3);
    }
    void expect_refused(std::uint64_t value) {
        const std::uint64_t before = field(VmcsField::GuestCr0), shadow = field(VmcsField::Cr0ReadShadow);
        write(0, value);
        EXPECT_EQ(queued(), kGp) << std::hex << value;
        EXPECT_EQ(field(VmcsField::GuestRip), Guest::kCode);
        EXPECT_EQ(field(VmcsField::GuestCr0), before);
        EXPECT_EQ(field(VmcsField::Cr0ReadShadow), shadow);
    }
    // The guest as it is before it enables paging.
    void leave_paging(std::uint64_t cr4, std::uint64_t efer, std::uint32_t cs = 0xc09b) {
        set(VmcsField::GuestCr0, 0x31);
        set(VmcsField::Cr0ReadShadow, 0x11);
        set(VmcsField::GuestCr4, cr4 | x86::cr4::VMXE);
        set(VmcsField::GuestEfer, efer);
        set(VmcsField::GuestCsAccessRights, cs);
        set(VmcsField::EntryControls, field(VmcsField::EntryControls) & ~std::uint64_t{entry_control::Ia32eModeGuest});
    }
    bool long_mode() { return field(VmcsField::EntryControls) & entry_control::Ia32eModeGuest; }
};

TEST_F(VmxControlRegistersTest, Cr8IsTheTaskPriority) {
    write(8, 9);
    expect_done();
    EXPECT_EQ(rig_.cpu().console.lapic.task_priority(), 0x90);
    EXPECT_FALSE(exit(ExitReason::ControlRegister, 4, access(8, Gpr::R9, cr_access::Type::MovFrom)));
    EXPECT_EQ(gpr(Gpr::R9), 9u);
    EXPECT_EQ(field(VmcsField::GuestRip), Guest::kCode + 7);
    write(8, 0x10);
    EXPECT_EQ(queued(), kGp);
    EXPECT_EQ(rig_.cpu().console.lapic.task_priority(), 0x90);
}

// Nested VMX is not offered: CPUID does not show it, and its bit is reserved.
TEST_F(VmxControlRegistersTest, VmxeIsReserved) {
    const std::uint64_t before = field(VmcsField::GuestCr4);
    write(4, before);
    EXPECT_EQ(queued(), kGp);
    EXPECT_EQ(field(VmcsField::GuestCr4), before);
    EXPECT_FALSE(vcpu().cr4() & x86::cr4::VMXE);
}

// NE is on for VMX; the guest sees what it wrote. The console switches caches off itself.
TEST_F(VmxControlRegistersTest, Cr0AsTheGuestWroteIt) {
    write(0, 0x80050013);
    expect_done();
    EXPECT_EQ(field(VmcsField::GuestCr0), 0x80050033u);
    EXPECT_EQ(field(VmcsField::Cr0ReadShadow), 0x80050013u);
    EXPECT_EQ(vcpu().cr0(), 0x80050013u);
    EXPECT_TRUE(vcpu().flushes());
    write(0, 0xc0050033);
    expect_done();
    EXPECT_EQ(field(VmcsField::GuestCr0), 0xc0050033u);
}

TEST_F(VmxControlRegistersTest, Cr0ThatIsRefused) {
    expect_refused(0x1'8005'0033);
    expect_refused(0x80050032); // PG without PE
    expect_refused(0xa0050033); // NW without CD
    expect_refused(0x00050033); // leaves long mode in 64-bit code
}

TEST_F(VmxControlRegistersTest, EntersAndLeavesLongMode) {
    leave_paging(x86::cr4::PAE, x86::efer::LME);
    write(0, 0x80000031);
    expect_done();
    EXPECT_TRUE(long_mode());
    EXPECT_EQ(field(VmcsField::GuestEfer), x86::efer::LME | x86::efer::LMA);
    write(0, 0x00000031);
    expect_done();
    EXPECT_FALSE(long_mode());
    EXPECT_EQ(field(VmcsField::GuestEfer), x86::efer::LME);
}

TEST_F(VmxControlRegistersTest, LongModeWantsPaeAndOtherCode) {
    leave_paging(0, x86::efer::LME);
    expect_refused(0x80000031);
    leave_paging(x86::cr4::PAE, x86::efer::LME, 0xa09b);
    expect_refused(0x80000031);
    EXPECT_FALSE(long_mode());
}

// 27.3.2.4: the entry loads them from the VMCS; MOV to CR0 loads them from memory.
TEST_F(VmxControlRegistersTest, PaePagingLoadsItsEntries) {
    leave_paging(x86::cr4::PAE, 0);
    set(VmcsField::GuestCr3, Guest::kBuffer + 0x20);
    for (std::uint64_t i = 0; i < 4; i++)
        guest_.put<std::uint64_t>(Guest::kBuffer + 0x20 + 8 * i, (i << 12) | 1);
    write(0, 0x80000031);
    expect_done();
    EXPECT_FALSE(long_mode());
    EXPECT_EQ(field(VmcsField::GuestPdpte0), 0x0001u);
    EXPECT_EQ(field(VmcsField::GuestPdpte1), 0x1001u);
    EXPECT_EQ(field(VmcsField::GuestPdpte2), 0x2001u);
    EXPECT_EQ(field(VmcsField::GuestPdpte3), 0x3001u);
}

// 4.4.1: a present entry with a reserved bit is #GP, before CR0 changes.
TEST_F(VmxControlRegistersTest, PaeEntriesWithReservedBits) {
    leave_paging(x86::cr4::PAE, 0);
    set(VmcsField::GuestCr3, Guest::kBuffer);
    for (std::uint64_t bad : {0x1003ull, 0x1005ull, 0x1021ull, 1ull << 63 | 1, 1ull << 40 | 1}) {
        guest_.put<std::uint64_t>(Guest::kBuffer + 8, bad);
        expect_refused(0x80000031);
    }
    guest_.put<std::uint64_t>(Guest::kBuffer + 8, 1ull << 63 | 0x1e6); // not present: anything
    write(0, 0x80000031);
    expect_done();
}

} // namespace
} // namespace vmm::test
