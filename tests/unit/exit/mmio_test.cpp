// SPDX-License-Identifier: GPL-2.0-only
// Accesses to the virtual APIC's page, by the instructions that kernels and others use.
#include "vmm/exit/mmio.hpp"

#include "tests/unit/fakes/exit_fixture.hpp"

namespace vmm::test {
namespace {

using x86::Gpr;

class LapicPageTest : public ExitFixture {
  protected:
    explicit LapicPageTest(const RigOptions &options = {.cpus = 2}) : ExitFixture(options) {}
    // rdi points to the register, as the instructions below expect.
    void access(LapicRegister reg, std::initializer_list<std::uint8_t> code, unsigned byte = 0) {
        gpr(Gpr::Rdi) = Rig::kLapicPage + static_cast<unsigned>(reg) + byte;
        guest_.code(Guest::kCode, code);
        guest().rip = Guest::kCode;
        length_ = static_cast<unsigned>(code.size());
        EXPECT_EQ(exit({.kind = ExitKind::NestedFault, .address = Gpa(gpr(Gpr::Rdi))}), Verdict::Resume);
    }
    void expect_done() {
        expect_no_event();
        EXPECT_EQ(guest().rip, Guest::kCode + length_);
    }
    std::uint32_t tpr() { return cpu().console.lapic.task_priority(); }
    void set_tpr(std::uint8_t value) { cpu().console.lapic.set_task_priority(value); }

    static constexpr auto kTpr = LapicRegister::TaskPriority;
    unsigned length_ = 0;
};

TEST_F(LapicPageTest, Stores) {
    gpr(Gpr::Rax) = 0xffff'ffff'0000'0040;
    access(kTpr, {0x89, 0x07}); // mov %eax, (%rdi)
    expect_done();
    EXPECT_EQ(tpr(), 0x40u);
    gpr(Gpr::R9) = 0x50;
    access(kTpr, {0x44, 0x89, 0x0f}); // mov %r9d, (%rdi)
    EXPECT_EQ(tpr(), 0x50u);
    access(kTpr, {0xc7, 0x07, 0x60, 0, 0, 0}); // movl $0x60, (%rdi)
    expect_done();
    EXPECT_EQ(tpr(), 0x60u);
    gpr(Gpr::Rax) = 0x1234'5678'0000'0070;
    access(kTpr, {0x48, 0x89, 0x07}); // mov %rax, (%rdi): the lower half
    expect_done();
    EXPECT_EQ(tpr(), 0x70u);
    EXPECT_EQ(cpu().console.stats.exits[VMNIX_EXIT_MMIO], 4u);
}

TEST_F(LapicPageTest, Loads) {
    set_tpr(0x30);
    gpr(Gpr::Rax) = ~0ull;
    access(kTpr, {0x8b, 0x07}); // mov (%rdi), %eax
    expect_done();
    EXPECT_EQ(gpr(Gpr::Rax), 0x30u);
    gpr(Gpr::R15) = ~0ull;
    access(kTpr, {0x4c, 0x8b, 0x3f}); // mov (%rdi), %r15
    EXPECT_EQ(gpr(Gpr::R15), 0x30u);
    access(LapicRegister::Version, {0x8b, 0x07});
    EXPECT_EQ(gpr(Gpr::Rax), 0x00050014u);
}

// As compilers and kernels write read-modify-write of a register.
TEST_F(LapicPageTest, ReadModifyWrite) {
    set_tpr(0x35);
    access(kTpr, {0x83, 0x0f, 0x40}); // orl $0x40, (%rdi)
    EXPECT_EQ(tpr(), 0x75u);
    access(kTpr, {0x81, 0x27, 0xf0, 0, 0, 0}); // andl $0xf0, (%rdi)
    expect_done();
    EXPECT_EQ(tpr(), 0x70u);
    EXPECT_FALSE(guest().rflags & x86::rflags::ZF);
    gpr(Gpr::Rax) = 0x20;
    access(kTpr, {0x87, 0x07}); // xchg %eax, (%rdi)
    expect_done();
    EXPECT_EQ(tpr(), 0x20u);
    EXPECT_EQ(gpr(Gpr::Rax), 0x70u);
    access(kTpr, {0xf0, 0xff, 0x07}); // lock incl (%rdi)
    EXPECT_EQ(tpr(), 0x21u);
    access(kTpr, {0x83, 0x2f, 0x21}); // subl $0x21, (%rdi)
    EXPECT_EQ(tpr(), 0u);
    EXPECT_TRUE(guest().rflags & x86::rflags::ZF);
}

TEST_F(LapicPageTest, ComparisonsOnlyRead) {
    set_tpr(0x30);
    gpr(Gpr::Rax) = 0x30;
    access(kTpr, {0x39, 0x07}); // cmp %eax, (%rdi)
    expect_done();
    EXPECT_TRUE(guest().rflags & x86::rflags::ZF);
    access(kTpr, {0xf7, 0x07, 0x10, 0, 0, 0}); // testl $0x10, (%rdi)
    EXPECT_FALSE(guest().rflags & x86::rflags::ZF);
    EXPECT_EQ(tpr(), 0x30u);
}

// Registers are 32 bits wide and 16 bytes apart; the manual leaves other accesses undefined. Here they do nothing.
TEST_F(LapicPageTest, OddAccesses) {
    set_tpr(0x30);
    gpr(Gpr::Rax) = 0xf0;
    access(kTpr, {0x88, 0x07}); // mov %al, (%rdi)
    expect_done();
    access(kTpr, {0x66, 0x89, 0x07}); // mov %ax, (%rdi)
    expect_done();
    access(kTpr, {0x89, 0x07}, 4); // between registers
    expect_done();
    access(kTpr, {0x89, 0x07}, 1); // unaligned
    expect_done();
    EXPECT_EQ(tpr(), 0x30u);
    gpr(Gpr::Rax) = ~0ull;
    access(kTpr, {0x8a, 0x07}); // mov (%rdi), %al
    EXPECT_EQ(gpr(Gpr::Rax), ~0xffull);
    access(kTpr, {0x0f, 0xb6, 0x07}); // movzbl (%rdi), %eax
    EXPECT_EQ(gpr(Gpr::Rax), 0u);
}

TEST_F(LapicPageTest, Strings) {
    gpr(Gpr::Rax) = 0x40;
    gpr(Gpr::Rcx) = 2;
    access(kTpr, {0xf3, 0xab}); // rep stosl: one element, then again
    EXPECT_EQ(tpr(), 0x40u);
    EXPECT_EQ(guest().rip, Guest::kCode);
    EXPECT_EQ(gpr(Gpr::Rcx), 1u);
    EXPECT_EQ(gpr(Gpr::Rdi), Rig::kLapicPage + 0x84);
    access(kTpr, {0xf3, 0xab});
    expect_done();
    EXPECT_EQ(gpr(Gpr::Rcx), 0u);
    access(kTpr, {0xf3, 0xab}); // nothing left to do: no access
    expect_done();
    EXPECT_EQ(gpr(Gpr::Rdi), Rig::kLapicPage + 0x80);
}

// A copy has its other operand in the guest's memory. It must not be taken for the device: a dump of the page would
// write every register with what it read, the ICR among them.
TEST_F(LapicPageTest, CopiesAreRefused) {
    set_tpr(0x30);
    gpr(Gpr::Rsi) = Guest::kBuffer;
    access(kTpr, {0xa5}); // movsl to the page
    expect_general_protection();
    gpr(Gpr::Rcx) = 4;
    gpr(Gpr::Rsi) = Rig::kLapicPage + 0x80;
    gpr(Gpr::Rdi) = Guest::kBuffer;
    guest_.code(Guest::kCode, {0xf3, 0xa5});
    EXPECT_EQ(exit({.kind = ExitKind::NestedFault, .address = Gpa(Rig::kLapicPage + 0x80)}), Verdict::Resume);
    expect_general_protection();
    EXPECT_EQ(gpr(Gpr::Rcx), 4u);
    EXPECT_EQ(guest().rip, Guest::kCode);
    EXPECT_EQ(tpr(), 0x30u);
}

TEST_F(LapicPageTest, IpiByIcr) {
    gpr(Gpr::Rax) = 1u << 24;
    access(LapicRegister::IcrHigh, {0x89, 0x07});
    gpr(Gpr::Rax) = 0x4051;
    access(LapicRegister::IcrLow, {0x89, 0x07});
    cpu(1).console.lapic.collect();
    EXPECT_TRUE(cpu(1).console.lapic.requested().test(0x51));
    EXPECT_EQ(cpu(1).kicks, 1u);
    EXPECT_EQ(rig_.physical_lapic(0, LapicRegister::IcrLow), 0x40f1u); // the VMM's own vector
    EXPECT_EQ(rig_.physical_lapic(0, LapicRegister::IcrHigh), 1u << 24);
}

// An INIT or start-up never reaches the physical ICR: it would free a CPU from the VMM.
TEST_F(LapicPageTest, InitAndStartUpAreVirtual) {
    gpr(Gpr::Rax) = 1u << 24;
    access(LapicRegister::IcrHigh, {0x89, 0x07});
    for (std::uint32_t command : {0x4500u, 0x4699u, 0x4400u}) {
        gpr(Gpr::Rax) = command;
        access(LapicRegister::IcrLow, {0x89, 0x07});
        EXPECT_EQ(rig_.physical_lapic(0, LapicRegister::IcrLow) & 0x700, 0u) << std::hex << command;
    }
    const std::uint32_t mail = cpu(1).console.mailbox.take();
    EXPECT_TRUE(holds(mail, Mail::Init) && holds(mail, Mail::Sipi) && holds(mail, Mail::Nmi));
    EXPECT_EQ(cpu(1).console.mailbox.sipi_vector, 0x99);
}

TEST_F(LapicPageTest, ProgramsThePhysicalTimer) {
    hardware().tsc_step = 0;
    gpr(Gpr::Rax) = 0x31;
    access(LapicRegister::LvtTimer, {0x89, 0x07});
    gpr(Gpr::Rax) = 0xb; // divide by one
    access(LapicRegister::DivideConfiguration, {0x89, 0x07});
    gpr(Gpr::Rax) = 1000;
    access(LapicRegister::InitialCount, {0x89, 0x07});
    const std::uint32_t count = rig_.physical_lapic(0, LapicRegister::InitialCount);
    EXPECT_TRUE(count == 1000 || count == 1001) << count;           // rounded up: never early
    EXPECT_EQ(rig_.physical_lapic(0, LapicRegister::LvtTimer), 0u); // the vector is not the guest's to choose
    gpr(Gpr::Rax) = 0;
    access(LapicRegister::InitialCount, {0x89, 0x07});
    EXPECT_EQ(rig_.physical_lapic(0, LapicRegister::InitialCount), 0u);
}

TEST_F(LapicPageTest, InstructionThatIsNoDataAccess) {
    access(kTpr, {0x0f, 0xae, 0x07}); // fxsave (%rdi)
    expect_general_protection();
    EXPECT_EQ(guest().rip, Guest::kCode);
    access(kTpr, {0x0f, 0x0b});
    expect_general_protection();
}

// Without a translation the CPU faults by itself; going on is right. A page that cannot be read would exit for ever.
TEST_F(LapicPageTest, CodeThatIsGone) {
    guest().rip = Guest::kIsland + kPageSize;
    EXPECT_EQ(exit({.kind = ExitKind::NestedFault, .address = Gpa(Rig::kLapicPage)}), Verdict::Resume);
    expect_no_event();
    guest().rip = Rig::kLapicPage; // a jump to the APIC
    EXPECT_EQ(exit({.kind = ExitKind::NestedFault, .address = Gpa(Rig::kLapicPage)}), Verdict::Resume);
    expect_general_protection();
}

class X2apicHardware : public LapicPageTest {
  protected:
    X2apicHardware() : LapicPageTest({.cpus = 1, .x2apic = true}) {}
};

// In x2APIC mode nothing is at that address.
TEST_F(X2apicHardware, PageIsEmpty) {
    gpr(Gpr::Rax) = 0;
    access(kTpr, {0x8b, 0x07});
    expect_done();
    EXPECT_EQ(gpr(Gpr::Rax), 0xffffffffu);
    gpr(Gpr::Rax) = 0x40;
    access(kTpr, {0x89, 0x07});
    expect_done();
    EXPECT_EQ(tpr(), 0u);
}

// The guest may go back to xAPIC mode; registers that the physical mode does not have must not be written there, as
// that is a #GP in the VMM.
TEST_F(X2apicHardware, GuestInXapicMode) {
    cpu().console.lapic.write_apic_base(Rig::kLapicPage, 0);
    cpu().console.lapic.write_apic_base(Rig::kLapicPage | 0x800, 0);
    gpr(Gpr::Rax) = 0x1ff;
    access(LapicRegister::SpuriousVector, {0x89, 0x07});
    for (LapicRegister reg :
         {LapicRegister::LogicalDestination, LapicRegister::DestinationFormat, LapicRegister::LvtLint0,
          LapicRegister::LvtError, LapicRegister::IcrHigh, LapicRegister::Id, LapicRegister::ErrorStatus}) {
        gpr(Gpr::Rax) = 0x0100'0000;
        access(reg, {0x89, 0x07});
        expect_done();
    }
}

} // namespace
} // namespace vmm::test
