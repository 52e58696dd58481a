// SPDX-License-Identifier: GPL-2.0-only
// The whole VMM in one object: everything that is not per CPU is declared here and nowhere else.
#pragma once

#include "vmm/base/spin_lock.hpp"
#include "vmm/core/console_life.hpp"
#include "vmm/core/console_package.hpp"
#include "vmm/core/console_ram.hpp"
#include "vmm/core/cpu.hpp"
#include "vmm/core/frame_pool.hpp"
#include "vmm/core/io_apics.hpp"
#include "vmm/core/log.hpp"
#include "vmm/core/rendezvous.hpp"
#include "vmm/core/vms.hpp"
#include "vmm/mm/amd64_format.hpp"
#include "vmm/mm/memory_map.hpp"
#include "vmm/x86/descriptors.hpp"
#include "vmnix/abi/handover/fault_record.h"
#include "vmnix/abi/handover/handover.h"

namespace vmm {

using HostTables = RadixTable<HostFormat, FramePool>;

// The way back to the bare machine of the console's driver: switch_stub.hpp.
struct SwitchStub {
    std::byte *copy = nullptr; // one page
    HostTables::Pruned dropped;
    std::uint32_t dropped_at = 0; // the flush after which nobody walks them
};

// State components of XCR0 that this build knows: x87 to AVX-512, PKRU. Preflight accepts no others.
inline constexpr std::uint64_t kKnownXcr0 = 0x2ff;

struct Vmm {
    vmnix_handover *handover = nullptr;
    FramePool frames;
    HostTables host;
    ConsoleRam ram;
    Locked<ConsolePackages, LockRank::Memory> memory; // with the owners of ram.pieces(), and what goes with a change
    ExtendedFeatures extended;
    Locked<Scheduler, LockRank::Scheduler> scheduler;
    SchedGroup console_group;
    Locked<Vms, LockRank::Vms> vms;
    std::atomic<std::uint32_t> vm_count{0};
    std::array<World *, VMNIX_MAX_CPUS> sleepers{}; // lists by CPU; the scheduler's lock
    std::array<World *, VMNIX_MAX_CPUS> console_worlds{};
    Locked<IoApics, LockRank::IoApic> io_apics;
    Locked<LogRing, LockRank::Log> log, console_log;
    ConsoleLife console_life;
    std::array<Cpu *, VMNIX_MAX_CPUS> cpus{};
    std::uint32_t cpu_count = 0;
    Rendezvous launch, leave;
    std::array<x86::Gate, 256> idt{};
    SwitchStub stub;
    std::uint64_t launched_tsc = 0, untested = 0;
    std::uint64_t ns_per_tick = 0;    // of the TSC, 32.32
    std::uint64_t timer_per_tick = 0; // counts of the physical timer, 32.32 and rounded up
    std::uint64_t features = VMNIX_FEATURE_LOG | VMNIX_FEATURE_EVENT | VMNIX_FEATURE_VMS | VMNIX_FEATURE_RESTART;
    std::uint64_t efer_known = 0; // bits that the console may set
    vmnix_backend backend{};
    const struct Backend *backend_ops = nullptr;
    bool x2apic = false, tsc_deadline = false, gigantic_pages = false;
    std::atomic<std::uint32_t> event_target{0};      // bits 7:0 vector, 31:8 vCPU; 0 for nobody
    std::atomic<std::uint32_t> nested_generation{0}; // counts changes of the nested tables that need a flush
    std::atomic<bool> panicking{false};
    vmnix_fault_record *fault_record = nullptr; // where a panic is reported to the next boot; null: nowhere
    bool fault_record_begun = false;

    Range<Hpa> arena() const { return {Hpa(handover->arena_base), handover->arena_size}; }
    std::span<Cpu *const> all_cpus() const { return std::span(cpus).first(cpu_count); }
};

extern Vmm g_vmm;

} // namespace vmm
