// SPDX-License-Identifier: GPL-2.0-only
// Whose turn a CPU's is: the world that exited goes on, or the next one gets the CPU. Template on the backend's view of
// the console's vCPUs, V, and of a VM's, VmV. Of V it wants:
//   save_turn()       the world, loaded on this CPU, may be loaded on another after this
//   load_turn(cpu)    the world becomes what this CPU enters
//   finish()          the last thing before the entry
// and acknowledge_wait(), which sleeps until it has acknowledged an interrupt.
#pragma once

#include "entry_checks.hpp"
#include "vmm/exit/mail.hpp"
#include "vmm/vm/entry.hpp"

namespace vmm {

// Nothing has anything to do: the CPU sleeps until something comes. Meanwhile it is the console's, which moves nowhere.
template <class V> void idle(Cpu &cpu) {
    cpu.current = &cpu.console;
    arm_timer(cpu); // may find that the console's own time has come
    if (!has_cause(cpu.console)) {
        cpu.acknowledged = 0;
        V::acknowledge_wait();
        if (g_vmm.panicking) [[unlikely]]
            stop_for_panic(); // by the NMI of the one that has
        take_interrupt(cpu);
    }
    if (has_cause(cpu.console) || (cpu.arrived.nmis | cpu.arrived.machine_checks) != 0)
        notify(cpu, cpu.console);
}

template <class V> void save_world(World &world) {
    save_extended(world.extended);
    V(world).save_turn();
}

// The CPU's extended state is the console's, or has been saved.
template <class V> void exchange(Cpu &cpu, bool is_console, World &next) {
    if (is_console)
        save_world<V>(cpu.console);
    restore_extended(next.extended);
    V(next).load_turn(cpu);
    checks::forget(cpu);
}

// A VM's world may go on on another CPU as soon as choose() has been called: it is saved before.
template <class V, class VmV> World *next_turn(World &from) {
    Cpu &cpu = *from.cpu;
    V(from).enter_host_context();
    if (from.vm) {
        if (!from.halted)
            tell_steal_time(from, false);
        save_world<V>(from);
    }
    const World *loaded = &from; // only compared: once others may take it, its VM may be removed
    bool is_console = !from.vm;
    for (;;) {
        World *next = choose(cpu);
        if (!next) {
            if (!is_console)
                exchange<V>(cpu, false, cpu.console);
            loaded = &cpu.console;
            is_console = true;
            idle<V>(cpu);
            continue;
        }
        if (next != loaded)
            exchange<V>(cpu, is_console, *next);
        else if (next->vm)
            V(*next).load_turn(cpu); // saved above, and chosen again at once
        loaded = cpu.current = next;
        is_console = !next->vm;
        if (next->vm ? begin_vm_turn(VmV(*next)) : begin_turn(V(*next)))
            return V(*next).finish();
        if (next->vm)
            save_world<V>(*next); // as above
    }
}

} // namespace vmm
