// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/log.hpp"

#include "vmm/core/interrupts.hpp"
#include "vmm/core/vmm.hpp"
#include "vmm/x86/intrinsics.hpp"

namespace vmm {
namespace {

// Seconds and microseconds since the launch.
Text stamp() {
    const std::uint64_t ticks = g_vmm.launched_tsc == 0 ? 0 : x86::rdtsc() - g_vmm.launched_tsc;
    const std::uint64_t per_second = g_vmm.handover->tsc_khz * 1000;
    const std::uint64_t seconds = ticks / per_second;
    const std::uint64_t microseconds = ticks % per_second * 1000 / g_vmm.handover->tsc_khz; // no wrap after weeks
    Text text("[", seconds, ".");
    for (std::uint64_t digit = 100000; digit != 0; digit /= 10)
        text.add(microseconds / digit % 10);
    text.add("] ");
    return text;
}

} // namespace

void raise_event() {
    const std::uint32_t target = g_vmm.event_target.load(std::memory_order_relaxed);
    Cpu *self = this_cpu_or_null();
    if (target != 0 && self)
        post_interrupt(*self, g_vmm.cpus[target >> 8]->console, static_cast<std::uint8_t>(target));
}

void log_line(std::string_view text) {
    {
        auto ring = g_vmm.log.lock();
        ring->append(stamp().view());
        ring->append(text);
        ring->append("\n");
    }
    raise_event();
}

} // namespace vmm
