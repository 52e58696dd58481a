// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/vm_calls.hpp"

#include "vmm/core/call_structures.hpp"
#include "vmm/core/memory.hpp"
#include "vmm/core/vm_life.hpp"
#include "vmm/core/vm_machine.hpp"
#include "vmm/core/vmm.hpp"
#include "vmm/x86/intrinsics.hpp"

namespace vmm {
namespace {

HypercallResult give(Cpu &cpu, const HypercallArguments &a) {
    return call_answer(give_piece(cpu, Hpa(a.rdi)));
}

HypercallResult scrub() {
    const auto left = scrub_piece();
    return left ? HypercallResult{.results = 1, .rdi = *left} : call_failure(left.error());
}

HypercallResult take(Vms &vms) {
    reap_vms(vms);
    const auto piece = take_piece();
    return piece ? HypercallResult{.results = 1, .rdi = piece->raw()} : call_failure(piece.error());
}

HypercallResult memory(Vms &vms, const HypercallArguments &a) {
    reap_vms(vms);
    vmnix_memory_info info = memory_info();
    return copy_out(info, a.rdi, a.rsi);
}

HypercallResult create(Cpu &cpu, Vms &vms, const HypercallArguments &a) {
    if (a.rsi < sizeof(vmnix_vm_config))
        return call_failure(Errc::Invalid);
    const auto config = copy_in<vmnix_vm_config>(a.rdi);
    if (!config)
        return call_failure(config.error());
    reap_vms(vms);
    std::uint64_t needed = 0;
    const auto id = create_vm(cpu, vms, *config, needed);
    if (id)
        return {.results = 1, .rdi = *id};
    HypercallResult result = call_failure(id.error());
    result.results = id.error() == Errc::NoMemory ? 1 : 0;
    result.rdi = needed;
    return result;
}

HypercallResult write(Vm &vm, const HypercallArguments &a) {
    if (vm.state.load() != VMNIX_VM_STATE_CREATED)
        return call_failure(Errc::Busy);
    const auto copy = copy_in<vmnix_vm_copy>(a.rsi);
    if (!copy)
        return call_failure(copy.error());
    const auto from = console_bytes(copy->from, copy->bytes);
    if (!from)
        return call_failure(from.error());
    if (copy->bytes > kPageSize - Gpa(copy->to).page_offset())
        return call_failure(Errc::Invalid);
    const auto written = vm.memory.memory().write(Gpa(copy->to), *from, copy->bytes);
    return written ? HypercallResult{} : call_failure(Errc::NotPresent);
}

HypercallResult start(Cpu &cpu, Vm &vm, const HypercallArguments &a) {
    if (a.rdx != sizeof(vmnix_boot_state))
        return call_failure(Errc::Invalid);
    const auto state = copy_in<vmnix_boot_state>(a.rsi);
    return state ? call_answer(start_vm(cpu, vm, *state)) : call_failure(state.error());
}

HypercallResult set_share(Cpu &cpu, Vm *vm, const HypercallArguments &a) {
    const auto share = copy_in<vmnix_vm_share>(a.rsi);
    if (!share)
        return call_failure(share.error());
    return call_answer(share_cpus(cpu, vm, *share));
}

// What all vCPUs did together.
void add_up(std::span<World *const> worlds, vmnix_vm_info &info) {
    info.vcpus = static_cast<std::uint32_t>(worlds.size());
    info.tsc = x86::rdtsc();
    auto scheduler = g_vmm.scheduler.lock();
    for (const World *world : worlds) {
        const SchedStats stats = world->sched.stats_at(info.tsc);
        info.run_tsc += stats.run;
        info.ready_tsc += stats.ready;
        info.wait_tsc += stats.wait;
        for (std::uint64_t exits : world->stats.exits)
            info.exits += exits;
    }
}

// The console is listed by nobody, but has shares and runs like a VM.
HypercallResult console_info(const HypercallArguments &a) {
    constexpr std::string_view kName = "console";
    vmnix_vm_info info{};
    info.state = VMNIX_VM_STATE_RUNNING;
    std::copy(kName.begin(), kName.end(), info.name);
    info.created_tsc = info.started_tsc = g_vmm.launched_tsc;
    const SchedParameters &parameters = g_vmm.console_group.parameters();
    info.share = {.shares = parameters.shares, .reservation = parameters.reservation, .limit = parameters.limit};
    add_up(std::span<World *const>(g_vmm.console_worlds).first(g_vmm.cpu_count), info);
    return copy_out(info, a.rsi, a.rdx);
}

HypercallResult info(Vm &vm, const HypercallArguments &a) {
    vmnix_vm_info info{};
    info.id = vm.id;
    info.state = vm.state.load();
    info.ending = info.state == VMNIX_VM_STATE_ENDED ? vm.ending : VMNIX_VM_NOT_ENDED;
    __builtin_memcpy(info.name, vm.name, sizeof(info.name));
    __builtin_memcpy(info.uuid, vm.uuid, sizeof(info.uuid));
    __builtin_memcpy(info.reason, vm.reason, sizeof(info.reason));
    info.memory = vm.ram;
    info.overhead = vm.frames * kPageSize;
    info.console_size = vm.console_size;
    info.console_head = vm.machine->lock()->console.head();
    info.created_tsc = vm.created_tsc;
    info.started_tsc = vm.started_tsc;
    info.ended_tsc = vm.ended_tsc;
    info.flags = vm.flags;
    info.share = vm.share;
    info.definition_size = vm.definition_size;
    add_up(vm.worlds(), info);
    return copy_out(info, a.rsi, a.rdx);
}

HypercallResult next(Vms &vms, const HypercallArguments &a) {
    reap_vms(vms);
    const Vm *best = nullptr;
    vms.each([&](const Vm &vm) {
        if (vm.id > a.rdi && (!best || vm.id < best->id))
            best = &vm;
    });
    return best ? HypercallResult{.results = 1, .rdi = best->id} : call_failure(Errc::NotFound);
}

HypercallResult definition(Vm &vm, const HypercallArguments &a) {
    const std::uint64_t bytes = std::min<std::uint64_t>(a.rdx, vm.definition_size);
    if (!g_vmm.ram.memory().write(Gpa(a.rsi), vm.definition, bytes))
        return call_failure(Errc::NotPresent);
    return {.results = 1, .rdi = bytes};
}

HypercallResult world(const Vms &vms, const HypercallArguments &a) {
    const std::uint64_t id = a.rdi & 0xffffffff, number = a.rdi >> 32;
    const Vm *vm = vms.find(id);
    if (id != 0 && !vm)
        return call_failure(Errc::NotFound);
    const std::span<World *const> worlds =
        vm ? vm->worlds() : std::span<World *const>(g_vmm.console_worlds).first(g_vmm.cpu_count);
    if (number >= worlds.size())
        return call_failure(Errc::Invalid);
    const World &of = *worlds[number];
    vmnix_world_info info{};
    info.tsc = x86::rdtsc();
    {
        auto scheduler = g_vmm.scheduler.lock();
        const SchedStats stats = of.sched.stats_at(info.tsc);
        info.run_tsc = stats.run;
        info.ready_tsc = stats.ready;
        info.wait_tsc = stats.wait;
        info.picks = stats.picks;
        info.migrations = stats.migrations;
    }
    const bool is_over = vm && (vm->state == VMNIX_VM_STATE_ENDED || vm->state == VMNIX_VM_STATE_CREATED);
    info.state = is_over ? VMNIX_VCPU_STOPPED : of.vcpu_state;
    info.cpu = of.cpu->index;
    info.on_cpu = of.place.load() < kReady;
    for (unsigned kind = 0; kind < VMNIX_EXIT_KINDS; kind++)
        info.exits[kind] = of.stats.exits[kind];
    info.injected_interrupts = of.stats.injected_interrupts;
    info.ipis_sent = of.stats.ipis_sent;
    return copy_out(info, a.rsi, a.rdx);
}

HypercallResult console_read(Vm &vm, const HypercallArguments &a) {
    const auto to = console_bytes(a.rsi, kPageSize);
    if (!to)
        return call_failure(to.error());
    auto machine = vm.machine->lock();
    std::uint64_t position = a.rdx;
    const unsigned bytes = machine->console.read(position, {*to, kPageSize});
    if (bytes == 0)
        machine->wanted = true;
    return {.results = 2, .rdi = bytes, .rsi = position};
}

HypercallResult console_write(Cpu &cpu, Vm &vm, const HypercallArguments &a) {
    constexpr std::uint64_t kMost = 256;
    std::array<std::uint8_t, kMost> bytes;
    const auto from = a.rdx <= kMost ? console_bytes(a.rsi, a.rdx) : Result<std::uint8_t *>(Errc::Invalid);
    if (!from)
        return call_failure(from.error());
    __builtin_memcpy(bytes.data(), *from, a.rdx);
    unsigned taken = 0;
    with_machine(cpu, vm, [&](Machine &machine) {
        while (taken < a.rdx && machine.board.console_put(bytes[taken]))
            taken++;
    });
    return {.results = 1, .rdi = taken};
}

// On the VM that rdi names.
HypercallResult call_on(Cpu &cpu, Vms &vms, Vm &vm, const HypercallArguments &a) {
    switch (a.number) {
    case VMNIX_HC_VM_WRITE:
        return write(vm, a);
    case VMNIX_HC_VM_START:
        return start(cpu, vm, a);
    case VMNIX_HC_VM_ORDER:
        if (a.rsi > VMNIX_VM_REMOVE) // not to be cut to one
            return call_failure(Errc::Invalid);
        return call_answer(order_vm(cpu, vms, vm, static_cast<vmnix_vm_order>(a.rsi)));
    case VMNIX_HC_VM_INFO:
        return info(vm, a);
    case VMNIX_HC_VM_DEFINITION:
        return definition(vm, a);
    case VMNIX_HC_VM_CONSOLE_READ:
        return console_read(vm, a);
    default:
        return console_write(cpu, vm, a);
    }
}

HypercallResult call_locked(Cpu &cpu, const HypercallArguments &a) {
    auto vms = g_vmm.vms.lock();
    switch (a.number) {
    case VMNIX_HC_TAKE:
        return take(*vms);
    case VMNIX_HC_MEMORY:
        return memory(*vms, a);
    case VMNIX_HC_VM_CREATE:
        return create(cpu, *vms, a);
    case VMNIX_HC_VM_NEXT:
        return next(*vms, a);
    case VMNIX_HC_VM_WORLD:
        return world(*vms, a);
    case VMNIX_HC_VM_SHARE:
        if (a.rdi == 0)
            return set_share(cpu, nullptr, a);
        break;
    case VMNIX_HC_VM_INFO:
        if (a.rdi == 0)
            return console_info(a);
        break;
    default:
        break;
    }
    Vm *vm = vms->find(a.rdi);
    if (!vm)
        return call_failure(Errc::NotFound);
    return a.number == VMNIX_HC_VM_SHARE ? set_share(cpu, vm, a) : call_on(cpu, *vms, *vm, a);
}

// CPUs that were told to let go of a VM do so within their next exit: soon.
HypercallResult order(Cpu &cpu, const HypercallArguments &a) {
    constexpr std::uint64_t kMilliseconds = 2;
    const std::uint64_t end = x86::rdtsc() + kMilliseconds * g_vmm.handover->tsc_khz;
    for (;;) {
        const HypercallResult result = call_locked(cpu, a);
        if (result.error != VMNIX_HC_EAGAIN || x86::rdtsc() > end)
            return result;
        x86::pause();
    }
}

} // namespace

HypercallResult vm_call(Cpu &cpu, const HypercallArguments &arguments) {
    switch (arguments.number) {
    case VMNIX_HC_GIVE:
        return give(cpu, arguments);
    case VMNIX_HC_SCRUB:
        return scrub();
    case VMNIX_HC_VM_ORDER:
        return order(cpu, arguments);
    default:
        return call_locked(cpu, arguments);
    }
}

} // namespace vmm
