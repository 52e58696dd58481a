// SPDX-License-Identifier: GPL-2.0-only
// Accesses to what is neither RAM nor the local APIC: IO-APICs, the message window, the VMM's memory, new windows.
#include "vmm/exit/mmio.hpp"

#include "tests/unit/fakes/exit_fixture.hpp"

namespace vmm::test {
namespace {

using x86::Gpr;

class NestedFaultTest : public ExitFixture {
  protected:
    NestedFaultTest() : ExitFixture({.io_apics = 2}) {}
    void access(std::uint64_t address, std::initializer_list<std::uint8_t> code) {
        gpr(Gpr::Rdi) = address;
        guest_.code(Guest::kCode, code);
        guest().rip = Guest::kCode;
        EXPECT_EQ(exit({.kind = ExitKind::NestedFault, .address = Gpa(address)}), Verdict::Resume);
    }
    void store(std::uint64_t address, std::uint64_t value) {
        gpr(Gpr::Rax) = value;
        access(address, {0x89, 0x07});
        expect_no_event();
    }
    std::uint64_t load(std::uint64_t address) {
        gpr(Gpr::Rax) = ~0ull;
        access(address, {0x8b, 0x07});
        expect_no_event();
        return gpr(Gpr::Rax);
    }
    auto &io_apic(unsigned n) { return g_vmm.io_apics.unguarded().all()[n].model; }

    static constexpr std::uint64_t kIo = Rig::kIoApicPage;
};

TEST_F(NestedFaultTest, IoApicRegisters) {
    store(kIo, 0x12);
    EXPECT_EQ(load(kIo), 0x12u);
    store(kIo + 0x10, 0x10031); // pin 1, masked
    EXPECT_EQ(io_apic(0).shadow().entry(1) & 0x1ffff, 0x10031u);
    EXPECT_NE(io_apic(1).shadow().entry(1) & 0x1ffff, 0x10031u); // each its own
    EXPECT_EQ(load(kIo + 0x10) & 0x100ff, 0x10031u);
    store(kIo + kPageSize, 0x12);
    store(kIo + kPageSize + 0x10, 0x10044);
    EXPECT_EQ(io_apic(1).shadow().entry(1) & 0xff, 0x44u);
    EXPECT_EQ(cpu().console.stats.exits[VMNIX_EXIT_MMIO], 6u);
    EXPECT_EQ(cpu().console.stats.exits[VMNIX_EXIT_NESTED_FAULT], 0u);
}

TEST_F(NestedFaultTest, IoApicTakes32BitAccessesOnly) {
    store(kIo, 0x12);
    gpr(Gpr::Rax) = 0x15;
    for (std::initializer_list<std::uint8_t> code :
         {std::initializer_list<std::uint8_t>{0x88, 0x07}, {0x66, 0x89, 0x07}, {0x48, 0x89, 0x07}}) {
        gpr(Gpr::Rax) = 0x15;
        access(kIo, code);
        expect_no_event();
    }
    EXPECT_EQ(load(kIo), 0x12u);
    gpr(Gpr::Rax) = ~0ull;
    access(kIo, {0x8a, 0x07});
    EXPECT_EQ(gpr(Gpr::Rax), ~0xffull);
}

// Entries that would be a way past the VMM: it keeps what the guest wrote, the device does not get it.
TEST_F(NestedFaultTest, DangerousEntries) {
    for (std::uint32_t mode : {2u, 4u, 5u, 7u}) { // SMI, NMI, INIT, ExtINT
        store(kIo, 0x12);
        store(kIo + 0x10, mode << 8 | 0x31);
        EXPECT_EQ(io_apic(0).shadow().entry(1) >> 8 & 7, mode);
        EXPECT_TRUE(io_apic(0).shadow().hardware(1) & 1u << 16) << mode;
    }
}

// Where the interrupt bus listens and nothing answers.
TEST_F(NestedFaultTest, MessageWindow) {
    for (std::uint64_t address : {0xfee01000ul, 0xfee00000ul + kPageSize + 0x80, 0xfeeffffcul}) {
        EXPECT_EQ(load(address), 0xffffffffu) << std::hex << address;
        store(address, 0x4500); // a message by hand
    }
    access(0xfee05000, {0x48, 0x8b, 0x07});
    EXPECT_EQ(gpr(Gpr::Rax), ~0ull);
    access(0xfee05000, {0x0f, 0xb6, 0x07});
    EXPECT_EQ(gpr(Gpr::Rax), 0xffu);
    EXPECT_TRUE(guest().mapped.empty());
    EXPECT_EQ(cpu().console.stats.exits[VMNIX_EXIT_NESTED_FAULT], 8u);
}

TEST_F(NestedFaultTest, VmmMemoryIsRefused) {
    guest().fault = {.present = true, .write = true, .execute = false, .final = true};
    guest().more_to_map = true; // not asked where something is mapped
    access(Rig::kArena.begin.raw(), {0x89, 0x07});
    expect_general_protection();
    EXPECT_EQ(guest().rip, Guest::kCode);
    EXPECT_TRUE(guest().mapped.empty());
}

TEST_F(NestedFaultTest, NewWindowsAreMapped) {
    guest().fault = {.present = false, .write = false, .execute = false, .final = true};
    guest().more_to_map = true;
    access(0x40'0000'1000, {0x89, 0x07});
    expect_no_event();
    EXPECT_EQ(guest().rip, Guest::kCode); // the CPU tries again
    EXPECT_EQ(guest().mapped, std::vector{Gpa(0x40'0000'1000)});
    guest().more_to_map = false;
    access(0x40'0000'1000, {0x89, 0x07});
    expect_general_protection();
    EXPECT_GT(guest().host_contexts, 0u);
}

} // namespace
} // namespace vmm::test
