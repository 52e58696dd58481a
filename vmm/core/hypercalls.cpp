// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/hypercalls.hpp"

#include "vmm/core/call_structures.hpp"
#include "vmm/core/console_calls.hpp"
#include "vmm/core/launch.hpp"
#include "vmm/core/vm_calls.hpp"
#include "vmm/core/vmm.hpp"
#include "vmm/x86/intrinsics.hpp"

#include <algorithm>

extern "C" const vmnix_image_header vmm_header;

namespace vmm {
namespace {

HypercallResult fail(vmnix_hypercall_error error) {
    return {.error = error};
}

HypercallResult info(const HypercallArguments &a) {
    vmnix_info info{};
    info.hypercall_abi = VMNIX_HYPERCALL_ABI;
    std::copy(std::begin(vmm_header.version), std::end(vmm_header.version), info.version);
    std::copy(std::begin(vmm_header.build_id), std::end(vmm_header.build_id), info.build_id);
    info.cpu_count = g_vmm.cpu_count;
    info.arena_base = g_vmm.handover->arena_base;
    info.arena_size = g_vmm.handover->arena_size;
    info.arena_used = g_vmm.frames.next() - Hpa(g_vmm.handover->arena_base);
    info.tsc_khz = g_vmm.handover->tsc_khz;
    info.launched_tsc = g_vmm.launched_tsc;
    info.features = g_vmm.features;
    info.backend = g_vmm.backend;
    info.paging_levels = g_vmm.host.levels();
    info.x2apic = g_vmm.x2apic;
    info.isolation = VMNIX_ISOLATION_NONE;
    info.log_size = g_vmm.log.unguarded().size();
    info.log_head = g_vmm.log.lock()->head();
    info.silicon = g_vmm.untested;
    return copy_out(info, a.rdi, a.rsi);
}

HypercallResult cpu_stats(const HypercallArguments &a) {
    if (a.rdx >= g_vmm.cpu_count)
        return fail(VMNIX_HC_EINVAL);
    Cpu &of = *g_vmm.cpus[a.rdx];
    vmnix_cpu_stats stats = of.console.stats; // counters of a running CPU: each is whole, together they are a snapshot
    stats.apic_id = of.apic_id;
    stats.state = of.console.vcpu_state;
    stats.kinds = VMNIX_EXIT_KINDS;
    stats.tsc = x86::rdtsc();
    return copy_out(stats, a.rdi, a.rsi);
}

HypercallResult log_read(const HypercallArguments &a) {
    const Gpa to(a.rdi);
    if (a.rsi == 0 || a.rsi > kPageSize - to.page_offset())
        return fail(VMNIX_HC_EINVAL);
    std::byte *buffer = g_vmm.ram.at(to);
    if (!buffer)
        return fail(VMNIX_HC_EFAULT);
    std::uint64_t position = a.rdx;
    const unsigned bytes = g_vmm.log.lock()->read(position, {reinterpret_cast<char *>(buffer), a.rsi});
    return {.results = 2, .rdi = bytes, .rsi = position};
}

HypercallResult set_event(const HypercallArguments &a) {
    constexpr std::uint64_t kFirstVector = 32;
    if (a.rdi > 255 || (a.rdi != 0 && a.rdi < kFirstVector) || a.rsi >= g_vmm.cpu_count)
        return fail(VMNIX_HC_EINVAL);
    g_vmm.event_target = static_cast<std::uint32_t>(a.rdi == 0 ? 0 : a.rsi << 8 | a.rdi);
    return {};
}

HypercallResult leave(Cpu &cpu) {
    if (g_vmm.vm_count.load() != 0)
        return fail(VMNIX_HC_EBUSY);
    const bool same_mode = (cpu.console.lapic.mode() == LapicMode::X2apic) == g_vmm.x2apic;
    if (!g_vmm.console_life.can_leave || !same_mode)
        return fail(VMNIX_HC_EPERM);
    if (!agree_to_leave(cpu))
        return fail(VMNIX_HC_ETIMEDOUT);
    return {.leave = true};
}

[[gnu::noinline]] std::uint64_t overflow_stack(std::uint64_t depth) {
    volatile std::uint64_t frame[64];
    frame[0] = depth;
    return depth == 0 ? 0 : overflow_stack(depth - 1) + frame[0];
}

HypercallResult test_call(Cpu &cpu, const HypercallArguments &a) {
    if (!(g_vmm.features & VMNIX_FEATURE_TEST))
        return fail(VMNIX_HC_ENOSYS);
    switch (a.rdi) {
    case VMNIX_TEST_PLANT: {
        const auto frame = g_vmm.frames.allocate();
        if (!frame)
            return fail(VMNIX_HC_EBUSY);
        std::uint64_t *words = at_physical<std::uint64_t>(*frame);
        std::fill(words, words + kPageSize / sizeof(*words), a.rsi);
        return {.results = 1, .rdi = frame->raw()};
    }
    case VMNIX_TEST_PANIC:
        if (a.rsi == 1)
            *reinterpret_cast<volatile std::uint64_t *>(a.rsi * kPageSize) = 0; // asked for: an unmapped address
        if (a.rsi == 2)
            return {.results = 1, .rdi = overflow_stack(1u << 20) + cpu.index};
        panic("a test asked for it", __FILE__, __LINE__);
    default:
        return fail(VMNIX_HC_EINVAL);
    }
}

} // namespace

// A switch and no table of pointers: nothing that the console chooses indexes memory or names a branch target.
HypercallResult call(Cpu &cpu, const HypercallArguments &arguments) {
    switch (arguments.number) {
    case VMNIX_HC_INFO:
        return info(arguments);
    case VMNIX_HC_CPU_STATS:
        return cpu_stats(arguments);
    case VMNIX_HC_LOG_READ:
        return log_read(arguments);
    case VMNIX_HC_EVENT:
        return set_event(arguments);
    case VMNIX_HC_LEAVE:
        return leave(cpu);
    case VMNIX_HC_TEST:
        return test_call(cpu, arguments);
    case VMNIX_HC_GIVE ... VMNIX_HC_VM_CONSOLE_WRITE:
        return vm_call(cpu, arguments);
    case VMNIX_HC_CONSOLE_END ... VMNIX_HC_PIECES:
        return console_call(cpu, arguments);
    default: // VERSION is answered before it gets here
        return fail(VMNIX_HC_ENOSYS);
    }
}

} // namespace vmm
