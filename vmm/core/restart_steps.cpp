// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/restart_steps.hpp"

#include "vmm/core/attach.hpp"
#include "vmm/core/backend.hpp"
#include "vmm/core/boot_map.hpp"
#include "vmm/core/real_time_clock.hpp"
#include "vmm/core/serial.hpp"
#include "vmm/core/vmm.hpp"

#include <utility>

namespace vmm {
namespace {

constexpr std::uint64_t kBootMs = 60000; // at most, until a driver attaches

using Step = RestartStep;

ConsoleLife &life() {
    return g_vmm.console_life;
}

void wait_us(RestartProgress &progress, std::uint64_t microseconds) {
    progress.wait_until = x86::rdtsc() + microseconds * g_vmm.handover->tsc_khz / 1000;
}

void hold(RestartProgress &progress, const char *why) {
    log("the console is held: ", why);
    life().state = VMNIX_CONSOLE_HELD;
    progress.step = Step::Held;
    progress.asked = false;
}

Step stop(RestartProgress &progress) {
    if (life().to_stop.load() == 0)
        return Step::Devices;
    wait_us(progress, 50);
    return Step::Stop;
}

Step quiesce_devices(RestartProgress &progress) {
    constexpr unsigned kBuses = 256;
    const auto exists = [](unsigned bus) { return g_vmm.handover->pci_buses[bus / 64] >> bus % 64 & 1; };
    while (progress.bus < kBuses && !exists(progress.bus))
        progress.bus++;
    if (progress.bus < kBuses) {
        (void)life().resets.quiesce_bus(progress.bus++);
        return Step::Devices;
    }
    if (life().resets.count() != 0) {
        log("PCI functions that are reset: ", life().resets.count());
        wait_us(progress, PciResets::kWaitUs);
    }
    return Step::Resets;
}

Step end_resets(RestartProgress &progress) {
    if (progress.restored == life().resets.count())
        return Step::Interrupts;
    if (!life().resets.restore(progress.restored++))
        log("a PCI device does not answer after its reset");
    return Step::Resets;
}

// As after reset, where every pin is masked: 82093AA, 3.2.4. The 8259s' masks are all ones, which a kernel that begins
// expects of nobody, and bears.
Step mask_interrupts(Cpu &cpu) {
    {
        auto io_apics = g_vmm.io_apics.lock();
        for (IoApics::One &one : io_apics->all())
            one.model.reset();
    }
    x86::out8(0x21, 0xff);
    x86::out8(0xa1, 0xff);
    cpu.arrived.nmis = 0;
    cpu.arrived.machine_checks = 0;
    return Step::Decide;
}

vmnix_console_action action() {
    if (life().end == VMNIX_END_ORDER)
        return VMNIX_ACTION_RESTART;
    const auto on_crash = static_cast<vmnix_console_action>(life().policy.on_crash);
    if (on_crash != VMNIX_ACTION_RESTART || restarts_left(x86::rdtsc()) != 0)
        return on_crash;
    log("too many restarts in too short a time");
    return static_cast<vmnix_console_action>(life().policy.on_limit);
}

void decide(RestartProgress &progress) {
    switch (action()) {
    case VMNIX_ACTION_RESET_HOST:
        log("the host is reset");
        reset_machine();
    case VMNIX_ACTION_RESTART:
        if (life().end != VMNIX_END_ORDER)
            life().restarts.add(x86::rdtsc());
        progress.step = Step::Memory;
        return;
    default:
        hold(progress, "by the policy");
    }
}

void ask() {
    serial::put("\r\nvmnix: the service console is held, VMs go on. r: restart it, h: reset the host\r\n");
}

// The way out of it, which needs nothing that may be broken.
void stay_held(RestartProgress &progress) {
    if (!std::exchange(progress.asked, true))
        ask();
    switch (serial::get()) {
    case 'r':
        serial::put("vmnix: restarting the console\r\n");
        progress = {.step = Step::Memory};
        return;
    case 'h':
        serial::put("vmnix: resetting the host\r\n");
        reset_machine();
    case '\r':
    case '\n':
        ask();
        break;
    default:
        break;
    }
    wait_us(progress, 50000);
}

void open_memory(Cpu &cpu, RestartProgress &progress) {
    auto packages = g_vmm.memory.lock();
    life().state = VMNIX_CONSOLE_STARTS;
    if (!forget_driver(cpu))
        return; // again in the next turn
    progress.step = Step::Copy;
    if (!packages->registered.exists())
        hold(progress, "there is no package to restart it from");
}

void copy_page(const ConsolePackage &package, const vmnix_package_segment &segment, RestartProgress &progress) {
    const std::byte *from = package.page(segment.offset + progress.copied);
    const std::uint64_t bytes = std::min(kPageSize, segment.bytes - progress.copied);
    std::byte *to = g_vmm.ram.at(Gpa(segment.to + progress.copied));
    VMM_ASSERT(to); // low memory is never given away, and the room is kept
    __builtin_memcpy(to, from, bytes);
    progress.checksum = vmnix_checksum(progress.checksum, from, kPageSize);
    progress.copied += bytes;
}

void copy(RestartProgress &progress) {
    constexpr unsigned kPages = 16;
    auto packages = g_vmm.memory.lock();
    const vmnix_package &header = packages->registered.header();
    for (unsigned i = 0; i < kPages && progress.segment < header.segment_count; i++) {
        const vmnix_package_segment &segment = header.segment[progress.segment];
        copy_page(packages->registered, segment, progress);
        if (progress.copied >= segment.bytes) {
            progress.segment++;
            progress.copied = 0;
        }
    }
    if (progress.segment == header.segment_count)
        progress.step = Step::Begin;
}

bool begin(Cpu &cpu, RestartProgress &progress) {
    const vmnix_package header = g_vmm.memory.lock()->registered.header();
    if (progress.checksum != header.checksum) {
        hold(progress, "its package has decayed");
        return false;
    }
    if (!write_boot_map(header, life().generation + 1)) {
        hold(progress, "its package has no room for the map of memory");
        return false;
    }
    backend::start_world(cpu.console, header.state);
    if (!backend::check_world(cpu.console)) {
        cpu.console.vcpu_state = VMNIX_VCPU_RESTARTING;
        hold(progress, "the CPU would not run its package");
        return false;
    }
    life().generation++;
    life().started_tsc = x86::rdtsc();
    life().boots_until = life().started_tsc + kBootMs * g_vmm.handover->tsc_khz;
    life().epoch = read_real_time_clock();
    life().log_of_this = g_vmm.console_log.lock()->head();
    life().state = VMNIX_CONSOLE_RUNS;
    log("console ", life().generation, " begins: ", static_cast<const char *>(header.text));
    return true;
}

} // namespace

bool restart_waits(std::uint64_t now) {
    return now < life().progress.wait_until;
}

bool restart_step(Cpu &cpu) {
    RestartProgress &progress = life().progress;
    progress.wait_until = 0;
    switch (progress.step) {
    case Step::Stop:
        progress.step = stop(progress);
        break;
    case Step::Devices:
        progress.step = quiesce_devices(progress);
        break;
    case Step::Resets:
        progress.step = end_resets(progress);
        break;
    case Step::Interrupts:
        progress.step = mask_interrupts(cpu);
        break;
    case Step::Decide:
        decide(progress);
        break;
    case Step::Held:
        stay_held(progress);
        break;
    case Step::Memory:
        open_memory(cpu, progress);
        break;
    case Step::Copy:
        copy(progress);
        break;
    case Step::Begin:
        return begin(cpu, progress);
    }
    return false;
}

} // namespace vmm
