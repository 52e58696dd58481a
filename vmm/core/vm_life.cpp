// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/vm_life.hpp"

#include "vmm/core/backend.hpp"
#include "vmm/core/interrupts.hpp"
#include "vmm/core/memory.hpp"
#include "vmm/core/schedule.hpp"
#include "vmm/core/vm_machine.hpp"
#include "vmm/core/vmm.hpp"

#include <new>

namespace vmm {
namespace {

constexpr std::uint64_t kSecond = 1000000000;

// A frame with an object in it.
template <class T> Result<T *> make() {
    static_assert(sizeof(T) <= kPageSize);
    return new (g_vmm.frames.table(TRY(g_vmm.frames.allocate()))) T;
}
template <class T> void drop(T *object) {
    if (!object)
        return;
    object->~T();
    g_vmm.frames.release(physical_of(object));
}

constexpr bool is_name_character(char c, bool first) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (!first && (c == '.' || c == '-'));
}

bool is_name(const char (&name)[VMNIX_VM_NAME]) {
    unsigned length = 0;
    while (length < VMNIX_VM_NAME && is_name_character(name[length], length == 0))
        length++;
    return length > 0 && length < VMNIX_VM_NAME && name[length] == 0;
}

bool is_sound(const vmnix_vm_config &c) {
    constexpr std::uint32_t kConsoleMost = 1u << 20;
    return c.size >= sizeof(c) && c.vcpus >= 1 && c.vcpus <= VMNIX_MAX_VM_VCPUS && c.memory >= VMNIX_VM_MEMORY_LEAST &&
           c.memory <= VMNIX_VM_MEMORY_MOST && c.memory % VMNIX_PIECE_SIZE == 0 && is_name(c.name) &&
           (c.flags & ~VMNIX_VM_AUTO_REMOVE) == 0 && c.reserved == 0 && c.console_size >= kPageSize &&
           c.console_size <= kConsoleMost && c.console_size % kPageSize == 0 &&
           c.definition_size <= VMNIX_VM_DEFINITION;
}

bool is_taken(const Vms &vms, const vmnix_vm_config &c) {
    bool taken = false;
    vms.each([&](const Vm &vm) {
        taken |= std::string_view(vm.name) == c.name || __builtin_memcmp(vm.uuid, c.uuid, sizeof(c.uuid)) == 0;
    });
    return taken;
}

// Frames that a VM takes: itself, its devices, its definition; per vCPU the world and two of the backend; nested tables
// for each gigabyte and above; its console's ring.
std::uint64_t frames_needed(const vmnix_vm_config &c) {
    constexpr std::uint64_t kFixed = 3, kPerVcpu = 3, kUpperTables = 5;
    const std::uint64_t gigabytes = (c.memory >> 30) + 2;
    return kFixed + kPerVcpu * c.vcpus + kUpperTables + gigabytes + c.console_size / kPageSize + 1;
}

// Pieces for RAM, and for frames that are not there yet.
std::uint64_t pieces_needed(const vmnix_vm_config &c) {
    constexpr std::uint64_t kFramesPerPiece = PieceMap::kSize / kPageSize;
    const std::uint64_t frames = frames_needed(c), available = g_vmm.frames.available();
    const std::uint64_t more = frames > available ? frames - available : 0;
    return c.memory / PieceMap::kSize + (more + kFramesPerPiece - 1) / kFramesPerPiece;
}

Result<World *> make_world(Vm &vm, std::uint32_t number) {
    constexpr std::uint32_t kVersion = 0x00050014, kTimerKhz = 1000000; // six LVT entries; no physical clock behind it
    World *world = TRY(make<World>());
    vm.world_list[vm.world_count++] = world;
    world->vm = &vm;
    world->number = number;
    world->cpu = g_vmm.cpus[0];
    world->vcpu_state = VMNIX_VCPU_WAIT_FOR_SIPI;
    TRY(world->lapic.configure({.apic_id = number,
                                .version = kVersion,
                                .x2apic = true,
                                .tsc_deadline = true,
                                .bootstrap = number == 0,
                                .tsc_khz = static_cast<std::uint32_t>(g_vmm.handover->tsc_khz),
                                .timer_khz = kTimerKhz}));
    TRY(backend::build_world(*world));
    return world;
}

Result<> build_parts(Vm &vm, const vmnix_vm_config &c) {
    vm.machine = TRY((make<Locked<Machine, LockRank::Board>>()));
    vm.definition = reinterpret_cast<char *>(g_vmm.frames.table(TRY(g_vmm.frames.allocate()))); // bytes of a frame
    __builtin_memcpy(vm.definition, c.definition, c.definition_size);
    vm.definition_size = c.definition_size;
    Machine &machine = vm.machine->unguarded();
    machine.board.configure(c.epoch / kSecond);
    TRY(machine.console.build(g_vmm.frames, c.console_size / kPageSize));
    {
        auto memory = g_vmm.memory.lock();
        TRY(backend::build_vm(vm, g_vmm.ram.pieces()));
    }
    for (std::uint32_t number = 0; number < c.vcpus; number++)
        TRY(make_world(vm, number));
    return {};
}

void release_parts(Vm &vm) {
    for (World *world : vm.worlds()) {
        backend::release_world(*world);
        drop(world);
    }
    {
        auto memory = g_vmm.memory.lock();
        backend::release_vm(vm, g_vmm.ram.pieces());
    }
    if (vm.definition)
        g_vmm.frames.release(physical_of(vm.definition));
    if (vm.machine)
        vm.machine->unguarded().console.release(g_vmm.frames);
    drop(vm.machine);
    drop(&vm);
}

void fill(Vm &vm, std::uint32_t id, const vmnix_vm_config &c) {
    vm.id = id;
    vm.flags = c.flags;
    vm.ram = c.memory;
    vm.console_size = c.console_size;
    vm.frames = frames_needed(c) - c.console_size / kPageSize;
    vm.epoch = c.epoch;
    vm.share = c.share;
    vm.created_tsc = x86::rdtsc();
    __builtin_memcpy(vm.name, c.name, sizeof(c.name));
    __builtin_memcpy(vm.uuid, c.uuid, sizeof(c.uuid));
}

void join_scheduler(Vm &vm, const SchedParameters &parameters) {
    const std::uint64_t now = x86::rdtsc();
    auto scheduler = g_vmm.scheduler.lock();
    scheduler->add(vm.group, parameters, now);
    for (World *world : vm.worlds())
        scheduler->add(world->sched, vm.group, now);
}

void leave_scheduler(Vm &vm) {
    const std::uint64_t now = x86::rdtsc();
    auto scheduler = g_vmm.scheduler.lock();
    for (World *world : vm.worlds()) {
        forget_sleeper(*world);
        (void)scheduler->remove(world->sched, now); // at rest: no CPU has to let go of it
    }
    scheduler->remove(vm.group);
}

// Idle console CPUs leave HLT to the hardware only while there is no VM.
void count_vms(Cpu *cpu, int change) {
    const std::uint32_t before = g_vmm.vm_count.fetch_add(static_cast<std::uint32_t>(change));
    if (cpu && before == 0)
        reschedule(*cpu, CpuMask::first(g_vmm.cpu_count));
}

void remove_vm(Vms &vms, Vm &vm) {
    leave_scheduler(vm);
    vms.remove(vm.id);
    release_parts(vm);
    count_vms(nullptr, -1);
}

void run_group(Cpu &cpu, Vm &vm, bool runs) {
    CpuMask who;
    {
        auto scheduler = g_vmm.scheduler.lock();
        const std::uint64_t now = x86::rdtsc();
        who = runs ? scheduler->resume(vm.group, now) : scheduler->pause(vm.group, now);
    }
    reschedule(cpu, who);
}

Result<SchedParameters> check_share(const vmnix_vm_share &share) {
    constexpr std::uint32_t kMostShares = 100000, kMostThousandths = VMNIX_MAX_CPUS * 1000;
    if (share.shares == 0 || share.shares > kMostShares || share.reservation > kMostThousandths ||
        share.limit > kMostThousandths || (share.limit != 0 && share.limit < share.reservation) || share.reserved != 0)
        return Errc::Invalid;
    SchedParameters parameters{.shares = share.shares, .reservation = share.reservation, .limit = share.limit};
    parameters.affinity = {};
    bool any = false, given = false;
    for (unsigned cpu = 0; cpu < 256; cpu++) {
        if (!(share.affinity[cpu / 64] >> cpu % 64 & 1))
            continue;
        given = true;
        if (cpu < g_vmm.cpu_count) {
            parameters.affinity.add(cpu);
            any = true;
        }
    }
    if (given && !any)
        return Errc::Invalid; // on CPUs that are not there
    if (!given)
        parameters.affinity = CpuMask::first(g_vmm.cpu_count);
    return parameters;
}

Result<> admit(const SchedGroup *replaced, const SchedParameters &parameters) {
    const auto admitted = g_vmm.scheduler.lock()->admit(replaced, parameters);
    return admitted || admitted.error() == Errc::Invalid ? admitted : Result<>(Errc::OutOfRange);
}

// The local APIC as firmware leaves it: enabled, the 8259 at LINT0, NMI at LINT1. SDM vol. 3, 9.4.
void wire_as_firmware(World &world) {
    constexpr std::uint32_t kEnable = 0x1ff, kExternal = 0x700, kNmi = 0x400;
    world.lapic.write(LapicRegister::SpuriousVector, kEnable, 0);
    world.lapic.write(LapicRegister::LvtLint0, kExternal, 0);
    world.lapic.write(LapicRegister::LvtLint1, kNmi, 0);
}

bool move_state(Vm &vm, vmnix_vm_state from, vmnix_vm_state to) {
    return vm.state.compare_exchange_strong(from, to);
}

Result<> press_power_button(Cpu &cpu, Vm &vm) {
    if (vm.state.load() != VMNIX_VM_STATE_RUNNING)
        return Errc::Busy;
    with_machine(cpu, vm, [](Machine &machine) { machine.board.press_power_button(); });
    return {};
}

// A kernel may count on zeroes where its file has none. One piece at a time, as nothing interrupts the VMM; true when
// all of it is done.
bool clear_more(Vm &vm) {
    if (vm.cleared < vm.ram) {
        __builtin_memset(vm.memory.at(address_of(vm.cleared)), 0, PieceMap::kSize);
        vm.cleared += PieceMap::kSize;
    }
    return vm.cleared == vm.ram;
}

void reset_vm(Vm &vm) {
    vm.cleared = 0;
    vm.resetting = false;
    const SchedParameters parameters = vm.group.parameters();
    leave_scheduler(vm);
    new (&vm.group) SchedGroup;
    for (World *world : vm.worlds()) {
        new (&world->sched) SchedWorld;
        world->stats = {};
        backend::reset_world(*world);
        world->lapic.reset_power_up();
        (void)world->mailbox.take();
        world->guest_nmis = 0;
        world->external = {};
        world->steal_time = 0;
        world->kicked = false;
        world->halted = world->halted_open = false;
        world->vcpu_state = VMNIX_VCPU_WAIT_FOR_SIPI;
    }
    vm.machine->unguarded().board.reset();
    vm.device_deadline = ApicTimer::kNever;
    vm.external = false;
    vm.ending = VMNIX_VM_NOT_ENDED;
    vm.reason[0] = 0;
    vm.started_tsc = vm.ended_tsc = 0;
    join_scheduler(vm, parameters);
    vm.state = VMNIX_VM_STATE_CREATED;
}

} // namespace

bool is_at_rest(const Vm &vm) {
    auto scheduler = g_vmm.scheduler.lock();
    for (const World *world : vm.worlds())
        if (world->place.load() < kReady || world->sched.is_on_cpu())
            return false;
    return true;
}

Result<std::uint32_t> create_vm(Cpu &cpu, Vms &vms, const vmnix_vm_config &config, std::uint64_t &missing) {
    if (!is_sound(config))
        return Errc::Invalid;
    const SchedParameters parameters = TRY(check_share(config.share));
    if (is_taken(vms, config))
        return Errc::Exists;
    const std::uint32_t id = TRY(vms.next_id());
    TRY(admit(nullptr, parameters));
    missing = pieces_needed(config);
    if (g_vmm.ram.pieces().pieces(Owner::Free) < missing)
        return Errc::NoMemory;
    TRY(refill_frames(frames_needed(config)));
    Vm &vm = *TRY(make<Vm>());
    fill(vm, id, config);
    if (const auto built = build_parts(vm, config); !built) {
        release_parts(vm);
        return built.error();
    }
    join_scheduler(vm, parameters);
    vms.add(id, vm);
    count_vms(&cpu, 1);
    return id;
}

Result<> start_vm(Cpu &cpu, Vm &vm, const vmnix_boot_state &state) {
    if (vm.state.load() != VMNIX_VM_STATE_CREATED)
        return Errc::Busy;
    World &first = *vm.world_list[0];
    backend::start_world(first, state);
    if (const auto enterable = backend::check_world(first); !enterable) {
        backend::reset_world(first);
        first.vcpu_state = VMNIX_VCPU_WAIT_FOR_SIPI;
        return enterable;
    }
    vm.started_tsc = x86::rdtsc();
    wire_as_firmware(first);
    vm.state = VMNIX_VM_STATE_RUNNING;
    run_group(cpu, vm, true);
    first.mailbox.post(Mail::Look);
    notify(cpu, first);
    return {};
}

Result<> order_vm(Cpu &cpu, Vms &vms, Vm &vm, vmnix_vm_order order) {
    switch (order) {
    case VMNIX_VM_PAUSE:
        if (!move_state(vm, VMNIX_VM_STATE_RUNNING, VMNIX_VM_STATE_PAUSED))
            return Errc::Busy;
        run_group(cpu, vm, false);
        return {};
    case VMNIX_VM_RESUME:
        if (!move_state(vm, VMNIX_VM_STATE_PAUSED, VMNIX_VM_STATE_RUNNING))
            return Errc::Busy;
        run_group(cpu, vm, true);
        return {};
    case VMNIX_VM_POWER_BUTTON:
        return press_power_button(cpu, vm);
    case VMNIX_VM_KILL:
        if (vm.state.load() == VMNIX_VM_STATE_ENDED)
            return Errc::Busy;
        end_vm(cpu, vm, VMNIX_VM_KILLED, "");
        return {};
    case VMNIX_VM_RESET:
        if (vm.state.load() == VMNIX_VM_STATE_CREATED)
            return Errc::Busy;
        vm.resetting = true;
        end_vm(cpu, vm, VMNIX_VM_REBOOTED, "");
        if (!is_at_rest(vm) || !clear_more(vm))
            return Errc::TimedOut;
        reset_vm(vm);
        return {};
    case VMNIX_VM_REMOVE:
        if (vm.state.load() != VMNIX_VM_STATE_ENDED && vm.state.load() != VMNIX_VM_STATE_CREATED)
            return Errc::Busy;
        if (!is_at_rest(vm))
            return Errc::TimedOut;
        remove_vm(vms, vm);
        return {};
    default:
        return Errc::Invalid;
    }
}

Result<> share_cpus(Cpu &cpu, Vm *vm, const vmnix_vm_share &share) {
    SchedGroup &group = vm ? vm->group : g_vmm.console_group;
    const SchedParameters parameters = TRY(check_share(share));
    if (!vm && !(parameters.affinity == CpuMask::first(g_vmm.cpu_count)))
        return Errc::Invalid; // each of its vCPUs is pinned
    TRY(admit(&group, parameters));
    CpuMask who;
    {
        auto scheduler = g_vmm.scheduler.lock();
        who = scheduler->set(group, parameters, x86::rdtsc());
    }
    if (vm)
        vm->share = share;
    reschedule(cpu, who);
    return {};
}

namespace {

std::string_view ending_name(vmnix_vm_ending ending) {
    switch (ending) {
    case VMNIX_VM_POWERED_OFF:
        return "powered off";
    case VMNIX_VM_REBOOTED:
        return "rebooted";
    case VMNIX_VM_CRASHED:
        return "crashed: ";
    default:
        return "killed";
    }
}

} // namespace

void end_vm(Cpu &from, Vm &vm, vmnix_vm_ending ending, std::string_view reason) {
    vmnix_vm_state state = vm.state.load();
    do
        if (state == VMNIX_VM_STATE_ENDED)
            return;
    while (!vm.state.compare_exchange_weak(state, VMNIX_VM_STATE_ENDED));
    vm.ending = ending;
    vm.ended_tsc = x86::rdtsc();
    const std::size_t length = std::min(reason.size(), sizeof(vm.reason) - 1);
    __builtin_memcpy(vm.reason, reason.data(), length);
    vm.reason[length] = 0;
    run_group(from, vm, false);
    log("VM ", std::string_view(vm.name), " ended: ", ending_name(ending), reason);
    raise_event();
}

void reap_vms(Vms &vms) {
    vms.each([&](Vm &vm) {
        const bool is_over = vm.state.load() == VMNIX_VM_STATE_ENDED && !vm.resetting;
        if ((vm.flags & VMNIX_VM_AUTO_REMOVE) && is_over && is_at_rest(vm))
            remove_vm(vms, vm);
    });
}

} // namespace vmm
