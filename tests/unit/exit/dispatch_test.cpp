// SPDX-License-Identifier: GPL-2.0-only
// Each kind of exit finds its handler, is counted once, and the unknown one stops the VMM.
#include "vmm/exit/dispatch.hpp"

#include "tests/unit/fakes/exit_fixture.hpp"

namespace vmm::test {
namespace {

using x86::Gpr;

class Dispatch : public ExitFixture {
  protected:
    std::uint64_t total() {
        std::uint64_t sum = 0;
        for (std::uint64_t count : cpu().console.stats.exits)
            sum += count;
        return sum;
    }
    void expect_counted(unsigned kind) {
        EXPECT_EQ(cpu().console.stats.exits[kind], 1u) << kind;
        EXPECT_EQ(total(), 1u);
        cpu().console.stats = {};
    }
};

TEST_F(Dispatch, Counts) {
    struct {
        Exit exit;
        unsigned kind;
    } const rows[] = {
        {{.kind = ExitKind::Cpuid, .length = 2}, VMNIX_EXIT_CPUID},
        {{.kind = ExitKind::MsrRead, .length = 2}, VMNIX_EXIT_MSR_READ},
        {{.kind = ExitKind::MsrWrite, .length = 2}, VMNIX_EXIT_MSR_WRITE},
        {{.kind = ExitKind::Port, .length = 1, .port = {.port = 0x92, .size = 1}}, VMNIX_EXIT_PORT},
        {{.kind = ExitKind::Hypercall}, VMNIX_EXIT_HYPERCALL},
        {{.kind = ExitKind::Interrupt}, VMNIX_EXIT_INTERRUPT},
        {{.kind = ExitKind::Nmi}, VMNIX_EXIT_NMI},
        {{.kind = ExitKind::Control}, VMNIX_EXIT_CONTROL},
        {{.kind = ExitKind::Exception, .vector = 1}, VMNIX_EXIT_EXCEPTION},
        {{.kind = ExitKind::Init}, VMNIX_EXIT_INIT},
        {{.kind = ExitKind::Refused}, VMNIX_EXIT_REFUSED},
        {{.kind = ExitKind::Halt, .length = 1}, VMNIX_EXIT_HALT},
    };
    for (const auto &row : rows) {
        cpu().console.gpr.fill(0);
        EXPECT_EQ(exit(row.exit), Verdict::Resume);
        expect_counted(row.kind);
    }
}

TEST_F(Dispatch, DevicePagesAndOtherFaultsAreCountedApart) {
    guest_.code(Guest::kCode, {0x89, 0x07});
    EXPECT_EQ(exit({.kind = ExitKind::NestedFault, .address = Gpa(Rig::kLapicPage)}), Verdict::Resume);
    expect_counted(VMNIX_EXIT_MMIO);
    EXPECT_EQ(exit({.kind = ExitKind::NestedFault, .address = Gpa(Rig::kArena.begin.raw())}), Verdict::Resume);
    expect_counted(VMNIX_EXIT_NESTED_FAULT);
}

TEST_F(Dispatch, ControlIsTheBackends) {
    EXPECT_EQ(exit({.kind = ExitKind::Control}), Verdict::Resume);
    EXPECT_EQ(guest().controls, 1u);
}

TEST_F(Dispatch, RefusedInstructionsAreUndefined) {
    EXPECT_EQ(exit({.kind = ExitKind::Refused}), Verdict::Resume);
    expect_exception(x86::Vector::InvalidOpcode);
    EXPECT_EQ(guest().rip, Guest::kCode);
}

using DispatchDeathTest = Dispatch;

TEST_F(DispatchDeathTest, UnknownExits) {
    for (ExitKind kind : {ExitKind::Window, ExitKind::Other, static_cast<ExitKind>(VMNIX_EXIT_KINDS)})
        EXPECT_DEATH((void)exit({.kind = kind, .code = 0x79}), "panic: an exit that was not asked for");
}

} // namespace
} // namespace vmm::test
