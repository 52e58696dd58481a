// SPDX-License-Identifier: GPL-2.0-only
// Hypercalls by the ABI's words, and by callers that do not keep to them.
#include "vmm/exit/hypercall.hpp"

#include "tests/unit/fakes/exit_fixture.hpp"
#include "tests/unit/fakes/globals.hpp"

#include <random>

namespace vmm::test {
namespace {

using x86::Gpr;

class Hypercall : public ExitFixture {
  protected:
    Hypercall() : ExitFixture({.cpus = 2}) {}
    // What is left in rax.
    std::int64_t call(std::uint64_t number, std::uint64_t rdi = 0, std::uint64_t rsi = 0, std::uint64_t rdx = 0) {
        cpu().console.gpr.fill(0x7777);
        gpr(Gpr::Rax) = number;
        gpr(Gpr::Rdi) = rdi;
        gpr(Gpr::Rsi) = rsi;
        gpr(Gpr::Rdx) = rdx;
        guest().rip = Guest::kCode;
        verdict_ = exit({.kind = ExitKind::Hypercall});
        EXPECT_EQ(guest().rip, Guest::kCode + 3);
        expect_no_event();
        return static_cast<std::int64_t>(gpr(Gpr::Rax));
    }
    std::uint64_t rdi() { return gpr(Gpr::Rdi); }
    std::uint64_t rsi() { return gpr(Gpr::Rsi); }
    template <class T> T at(std::uint64_t address) { return guest_.get<T>(address); }

    static constexpr std::uint64_t kTo = Guest::kBuffer;
    Verdict verdict_ = Verdict::Resume;
};

TEST_F(Hypercall, Version) {
    EXPECT_EQ(call(VMNIX_HC_VERSION), 0);
    EXPECT_EQ(rdi(), static_cast<std::uint64_t>(VMNIX_HYPERCALL_ABI));
    EXPECT_EQ(rsi(), g_vmm.features);
    EXPECT_EQ(gpr(Gpr::Rbx), 0x7777u); // all else is preserved
    EXPECT_EQ(gpr(Gpr::R15), 0x7777u);
}

TEST_F(Hypercall, OnlyFromTheKernel) {
    for (std::uint8_t cpl : {1, 2, 3}) {
        guest().cpl = cpl;
        cpu().console.gpr.fill(0);
        EXPECT_EQ(exit({.kind = ExitKind::Hypercall}), Verdict::Resume);
        expect_exception(x86::Vector::InvalidOpcode);
        EXPECT_EQ(guest().rip, Guest::kCode);
    }
}

TEST_F(Hypercall, UnknownNumbers) {
    for (std::uint64_t number : {std::uint64_t{VMNIX_HC_COUNT}, std::uint64_t{0xffffffff}, std::uint64_t{1} << 32,
                                 std::uint64_t{1} << 32 | VMNIX_HC_INFO, ~std::uint64_t{0}}) {
        EXPECT_EQ(call(number, kTo, 256), -VMNIX_HC_ENOSYS) << number;
        EXPECT_EQ(rdi(), kTo);
    }
}

TEST_F(Hypercall, Info) {
    g_vmm.backend = VMNIX_BACKEND_SVM;
    g_vmm.launched_tsc = 55;
    g_vmm.untested = 9;
    log("hello");
    ASSERT_EQ(call(VMNIX_HC_INFO, kTo, 256), 0);
    EXPECT_EQ(rdi(), sizeof(vmnix_info));
    const auto info = at<vmnix_info>(kTo);
    EXPECT_EQ(info.size, sizeof(vmnix_info));
    EXPECT_EQ(info.hypercall_abi, static_cast<std::uint32_t>(VMNIX_HYPERCALL_ABI));
    EXPECT_STREQ(info.version, "9.9-test");
    EXPECT_EQ(info.build_id[0], 0xb1);
    EXPECT_EQ(info.cpu_count, 2u);
    EXPECT_EQ(info.arena_base, Rig::kArena.begin.raw());
    EXPECT_EQ(info.arena_size, Rig::kArena.size);
    EXPECT_EQ(info.tsc_khz, rig_.handover().tsc_khz);
    EXPECT_EQ(info.launched_tsc, 55u);
    EXPECT_EQ(info.features, g_vmm.features);
    EXPECT_EQ(info.backend, static_cast<std::uint32_t>(VMNIX_BACKEND_SVM));
    EXPECT_EQ(info.log_head, g_vmm.log.unguarded().head());
    EXPECT_EQ(info.silicon, 9u);
}

// A structure grows at its end: an older caller gets what it knows and nothing behind it is written.
TEST_F(Hypercall, InfoForAnOlderCaller) {
    rig_.memory().bytes(kTo, 256)[40] = std::byte{0x5a};
    ASSERT_EQ(call(VMNIX_HC_INFO, kTo, 40), 0);
    EXPECT_EQ(rdi(), 40u);
    EXPECT_EQ(at<std::uint32_t>(kTo), 40u); // size: what was filled
    EXPECT_EQ(at<std::uint8_t>(kTo + 40), 0x5a);
    EXPECT_EQ(call(VMNIX_HC_INFO, kTo, 3), -VMNIX_HC_EINVAL); // not even room for the size
    EXPECT_EQ(call(VMNIX_HC_INFO, kTo, 0), -VMNIX_HC_EINVAL);
    EXPECT_EQ(call(VMNIX_HC_INFO, kTo, 4), 0);
    EXPECT_EQ(call(VMNIX_HC_INFO, kTo, ~0ull), 0); // more room than there is memory: only what is written counts
}

TEST_F(Hypercall, CpuStats) {
    cpu(1).console.stats.exits[VMNIX_EXIT_PORT] = 11;
    cpu(1).apic_id = 77;
    cpu(1).console.vcpu_state = VMNIX_VCPU_WAIT_FOR_SIPI;
    ASSERT_EQ(call(VMNIX_HC_CPU_STATS, kTo, 256, 1), 0);
    const auto stats = at<vmnix_cpu_stats>(kTo);
    EXPECT_EQ(stats.size, sizeof(stats));
    EXPECT_EQ(stats.apic_id, 77u);
    EXPECT_EQ(stats.state, static_cast<std::uint32_t>(VMNIX_VCPU_WAIT_FOR_SIPI));
    EXPECT_EQ(stats.kinds, static_cast<std::uint32_t>(VMNIX_EXIT_KINDS));
    EXPECT_EQ(stats.exits[VMNIX_EXIT_PORT], 11u);
    for (std::uint64_t vcpu : {std::uint64_t{2}, std::uint64_t{1} << 32, ~std::uint64_t{0}})
        EXPECT_EQ(call(VMNIX_HC_CPU_STATS, kTo, 256, vcpu), -VMNIX_HC_EINVAL);
}

TEST_F(Hypercall, LogRead) {
    log("first");
    const std::string all = rig_.log();
    ASSERT_EQ(call(VMNIX_HC_LOG_READ, kTo, kPageSize, 0), 0);
    EXPECT_EQ(rdi(), all.size());
    EXPECT_EQ(rsi(), 0u);
    const auto text = rig_.memory().bytes(kTo, all.size());
    EXPECT_TRUE(std::ranges::equal(text, std::as_bytes(std::span(all))));
    ASSERT_EQ(call(VMNIX_HC_LOG_READ, kTo, 4, 2), 0);
    EXPECT_EQ(rdi(), 4u);
    EXPECT_EQ(rsi(), 2u);
    ASSERT_EQ(call(VMNIX_HC_LOG_READ, kTo, 4, ~0ull), 0); // beyond the head
    EXPECT_EQ(rdi(), 0u);
    EXPECT_EQ(rsi(), all.size());
    // At most a page, and not across one.
    EXPECT_EQ(call(VMNIX_HC_LOG_READ, kTo, 0, 0), -VMNIX_HC_EINVAL);
    EXPECT_EQ(call(VMNIX_HC_LOG_READ, kTo, kPageSize + 1, 0), -VMNIX_HC_EINVAL);
    EXPECT_EQ(call(VMNIX_HC_LOG_READ, kTo + 8, kPageSize - 7, 0), -VMNIX_HC_EINVAL);
    EXPECT_EQ(call(VMNIX_HC_LOG_READ, kTo + 8, kPageSize - 8, 0), 0);
}

// Results go to the caller's RAM only: not to the VMM's, a device, or nowhere, nor partly there.
TEST_F(Hypercall, OtherMemory) {
    const std::uint64_t arena = Rig::kArena.begin.raw();
    rig_.memory().forbid(arena, Rig::kArena.size);
    for (std::uint64_t to : {arena, arena + 8, Rig::kArena.end().raw() - 8, arena - 8, std::uint64_t{0xa0000},
                             std::uint64_t{0x9fff8}, Rig::kLapicPage, 64 * kMega - 8, 8 * kGiga, std::uint64_t{1} << 52,
                             ~std::uint64_t{0}, ~std::uint64_t{7}, ~std::uint64_t{0xfff}}) {
        EXPECT_EQ(call(VMNIX_HC_INFO, to, 256), -VMNIX_HC_EFAULT) << std::hex << to;
        EXPECT_EQ(call(VMNIX_HC_CPU_STATS, to, 256, 0), -VMNIX_HC_EFAULT) << std::hex << to;
        EXPECT_EQ(rdi(), to); // no result, so preserved
    }
    for (std::uint64_t to : {arena, Rig::kLapicPage, 8 * kGiga, ~std::uint64_t{0}})
        EXPECT_EQ(call(VMNIX_HC_LOG_READ, to, 1, 0), -VMNIX_HC_EFAULT) << std::hex << to;
}

TEST_F(Hypercall, EventTarget) {
    EXPECT_EQ(call(VMNIX_HC_EVENT, 0x30, 1), 0);
    EXPECT_EQ(g_vmm.event_target, 0x130u);
    for (std::uint64_t vector : {std::uint64_t{1}, std::uint64_t{31}, std::uint64_t{256}, ~std::uint64_t{0}})
        EXPECT_EQ(call(VMNIX_HC_EVENT, vector, 0), -VMNIX_HC_EINVAL);
    for (std::uint64_t vcpu : {std::uint64_t{2}, std::uint64_t{1} << 32, ~std::uint64_t{0}})
        EXPECT_EQ(call(VMNIX_HC_EVENT, 0x30, vcpu), -VMNIX_HC_EINVAL);
    EXPECT_EQ(g_vmm.event_target, 0x130u);
    EXPECT_EQ(call(VMNIX_HC_EVENT, 0, 0), 0);
    EXPECT_EQ(g_vmm.event_target, 0u);
}

TEST_F(Hypercall, Leave) {
    g_others_leave = false;
    EXPECT_EQ(call(VMNIX_HC_LEAVE), -VMNIX_HC_ETIMEDOUT);
    EXPECT_EQ(verdict_, Verdict::Resume);
    g_others_leave = true;
    EXPECT_EQ(call(VMNIX_HC_LEAVE), 0);
    EXPECT_EQ(verdict_, Verdict::Leave);
}

TEST_F(Hypercall, TestCallsAreOffered) {
    EXPECT_EQ(call(VMNIX_HC_TEST, VMNIX_TEST_PLANT, 0x1234), -VMNIX_HC_ENOSYS);
    g_vmm.features |= VMNIX_FEATURE_TEST;
    ASSERT_EQ(call(VMNIX_HC_TEST, VMNIX_TEST_PLANT, 0x1234), 0);
    EXPECT_TRUE(g_vmm.arena().contains(Hpa(rdi()), kPageSize));
    EXPECT_EQ(at<std::uint64_t>(rdi() + 0xff8), 0x1234u);
    EXPECT_EQ(call(VMNIX_HC_TEST, 0), -VMNIX_HC_EINVAL);
    EXPECT_EQ(call(VMNIX_HC_TEST, ~0ull), -VMNIX_HC_EINVAL);
    while (g_vmm.frames.allocate())
        ;
    EXPECT_EQ(call(VMNIX_HC_TEST, VMNIX_TEST_PLANT, 0x1234), -VMNIX_HC_EBUSY);
}

using HypercallDeathTest = Hypercall;

TEST_F(HypercallDeathTest, PanicOnRequest) {
    g_vmm.features |= VMNIX_FEATURE_TEST;
    EXPECT_DEATH(call(VMNIX_HC_TEST, VMNIX_TEST_PANIC), "panic: a test asked for it");
}

// Anything at all: the arena cannot be touched here, RAM is all that is written, and the answers are the ABI's. Calls
// about VMs work on the VMM's memory: tests/unit/core/vm_storm_test.cpp.
TEST_F(Hypercall, Storm) {
    rig_.memory().forbid(Rig::kArena.begin.raw(), Rig::kArena.size);
    std::mt19937_64 random(17);
    const auto argument = [&]() -> std::uint64_t {
        switch (random() % 6) {
        case 0:
            return random() % 300;
        case 1:
            return Guest::kBuffer + random() % 0x3000 - 0x1000;
        case 2:
            return Rig::kArena.begin.raw() + random() % Rig::kArena.size - 64;
        case 3:
            return ~0ull - random() % 0x2000;
        case 4:
            return 1ull << random() % 64;
        default:
            return random();
        }
    };
    for (unsigned i = 0; i < 30000; i++) {
        const std::uint64_t number = random() % 8 ? random() % VMNIX_HC_GIVE : argument();
        if (number >= VMNIX_HC_GIVE && number < VMNIX_HC_COUNT)
            continue;
        g_others_leave = random() % 2;
        const std::int64_t result = call(number, argument(), argument(), argument());
        ASSERT_TRUE(result <= 0 && result >= -VMNIX_HC_ETIMEDOUT) << number;
        const std::uint32_t target = g_vmm.event_target;
        ASSERT_TRUE(target == 0 || (target >> 8 < 2 && (target & 0xff) >= 32));
    }
    g_others_leave = true;
}

} // namespace
} // namespace vmm::test
