// SPDX-License-Identifier: GPL-2.0-only
#include "tests/fuzz/exit_invariants.hpp"

#include "vmm/core/interrupts.hpp"

#include <cstdio>
#include <cstdlib>

namespace vmm::test {
namespace {

// Nothing but the VMM's own kick leaves through a physical ICR: an INIT would free a CPU from the VMM.
void check_command(Rig &rig, unsigned cpu) {
    const std::uint32_t command = rig.physical_lapic(cpu, LapicRegister::IcrLow);
    if (command != 0 && command != (x86::PhysicalLapic::kAssert | kKickVector))
        fail("another message than a kick was sent");
}

// Local interrupts that are open are ordinary ones or NMIs.
void check_local_vectors(Rig &rig, unsigned cpu) {
    for (LapicRegister reg : {LapicRegister::LvtThermal, LapicRegister::LvtPmc, LapicRegister::LvtLint0,
                              LapicRegister::LvtLint1, LapicRegister::LvtError}) {
        const std::uint32_t entry = rig.physical_lapic(cpu, reg);
        if (entry == 0 || lapic::LvtMasked::get(entry) || lapic::LvtMode::get(entry) == DeliveryMode::Nmi)
            continue;
        if (lapic::LvtMode::get(entry) != DeliveryMode::Fixed || lapic::LvtVector::get(entry) < kFirstLegalVector ||
            lapic::LvtLevel::get(entry))
            fail("a dangerous local interrupt is open");
    }
    if (rig.physical_lapic(cpu, LapicRegister::TaskPriority) != 0 ||
        rig.physical_lapic(cpu, LapicRegister::SpuriousVector) != 0 ||
        rig.physical_lapic(cpu, LapicRegister::LvtTimer) != 0)
        fail("a register of the VMM's own was changed");
}

void check_io_apics() {
    for (IoApics::One &one : g_vmm.io_apics.unguarded().all())
        for (unsigned pin = 0; pin < one.model.pins(); pin++) {
            const std::uint64_t entry = one.model.shadow().hardware(pin);
            const DeliveryMode mode = ioapic::Mode::get(entry);
            const bool safe = mode == DeliveryMode::Fixed || mode == DeliveryMode::LowestPriority;
            if (!ioapic::Masked::get(entry) && !ioapic::Remappable::get(entry) && !safe)
                fail("a dangerous pin is open");
        }
}

void check_msrs(Hardware &hardware) {
    using namespace x86;
    for (const auto &[index, value] : hardware.msr_writes)
        for (std::uint32_t forbidden : {msr::Tsc, msr::TscAdjust, msr::ApicBase, msr::Efer, msr::SysCfg,
                                        msr::PatchLoader, msr::VmCr, msr::VmHsavePa, msr::SvmKey, msr::SmmKey})
            if (index == forbidden)
                fail("a register of the VMM's own was written");
    hardware.msr_writes.clear();
    hardware.port_writes.clear();
    hardware.trace.clear();
}

} // namespace

void fail(const char *what) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

void check_machine(Rig &rig) {
    for (unsigned cpu = 0; cpu < rig.cpus(); cpu++) {
        check_command(rig, cpu);
        check_local_vectors(rig, cpu);
        check_msrs(rig.hardware(cpu));
    }
    check_io_apics();
    const std::uint32_t target = g_vmm.event_target;
    if (target != 0 && (target >> 8 >= rig.cpus() || (target & 0xff) < 32))
        fail("an event would go to nobody");
}

} // namespace vmm::test
