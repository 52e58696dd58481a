// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/console_life.hpp"

#include "vmm/core/schedule.hpp"
#include "vmm/core/traps.hpp"
#include "vmm/core/vmm.hpp"
#include "vmm/x86/intrinsics.hpp"

namespace vmm {

std::string_view end_name(vmnix_console_end why) {
    switch (why) {
    case VMNIX_END_PANIC:
        return "panic";
    case VMNIX_END_RESTART:
        return "restart";
    case VMNIX_END_POWER_OFF:
        return "power-off";
    case VMNIX_END_KEXEC:
        return "kexec";
    case VMNIX_END_ORDER:
        return "order";
    case VMNIX_END_TRIPLE_FAULT:
        return "triple fault";
    case VMNIX_END_RESET:
        return "reset";
    case VMNIX_END_WATCHDOG:
        return "watchdog";
    case VMNIX_END_HEARTBEAT:
        return "no heartbeat";
    default:
        return "none";
    }
}

void add_console_message(std::string_view text) {
    g_vmm.console_log.lock()->append(text);
}

bool end_console(Cpu &from, vmnix_console_end why, std::string_view text) {
    ConsoleLife &life = g_vmm.console_life;
    if (g_vmm.vm_count.load() == 0 && why != VMNIX_END_ORDER)
        return false;
    vmnix_console_state state = VMNIX_CONSOLE_RUNS;
    if (!life.state.compare_exchange_strong(state, VMNIX_CONSOLE_STOPS))
        return true;
    life.end = why;
    const std::size_t length = std::min(text.size(), sizeof(life.text) - 1);
    __builtin_memcpy(life.text, text.data(), length);
    life.text[length] = 0;
    life.ended_tsc = x86::rdtsc();
    life.progress = {};
    life.resets.forget();
    life.to_stop = g_vmm.cpu_count;
    life.beat_at = kNever;
    g_vmm.event_target = 0;
    const std::string_view cause(life.text, length);
    log("console ", life.generation, " ended: ", end_name(why), length != 0 ? ": " : "", cause);
    add_console_message(
        Text("\n--- console ", life.generation, " ended: ", end_name(why), length != 0 ? ": " : "", cause, "\n")
            .view());
    for (Cpu *cpu : g_vmm.all_cpus()) {
        cpu->console.mailbox.post(Mail::End);
        notify(from, cpu->console);
    }
    return true;
}

std::uint32_t restarts_left(std::uint64_t now) {
    const ConsoleLife &life = g_vmm.console_life;
    if (life.policy.limit == 0)
        return ~0u;
    const std::uint64_t span = std::uint64_t{life.policy.limit_seconds} * 1000 * g_vmm.handover->tsc_khz;
    const std::uint32_t used = life.restarts.since(now > span ? now - span : 0);
    return used < life.policy.limit ? life.policy.limit - used : 0;
}

// ACPI's register first, as firmware wants it; then what most chipsets have.
void reset_machine() {
    const vmnix_power_ports &power = g_vmm.handover->power;
    if (power.reset != 0)
        x86::out8(power.reset, power.reset_value);
    x86::out8(0xcf9, 0x02);
    x86::out8(0xcf9, 0x06);
    x86::out8(0x64, 0xfe);
    panic("the machine does not reset", __FILE__, __LINE__);
}

} // namespace vmm
