// SPDX-License-Identifier: GPL-2.0-only
// Any exits with any registers, code and state of the guest: on the fake backend, where the VMM's memory cannot be
// touched at all, and on SVM's, where the entry oracle judges every entry. Nothing panics, and the machine below stays
// as the VMM wants it.
#include "tests/fuzz/exit_input.hpp"
#include "tests/fuzz/exit_invariants.hpp"
#include "tests/unit/fakes/fake_vcpu.hpp"
#include "tests/unit/fakes/globals.hpp"
#include "tests/unit/fakes/svm_machine.hpp"
#include "vmm/exit/dispatch.hpp"

namespace {

using namespace vmm;
using namespace vmm::test;

constexpr unsigned kMostSteps = 48;

// Calls about memory and VMs change the VMM's memory and what runs: vm_exit_fuzz.cpp.
bool is_about_vms(std::uint64_t number) {
    return number >= VMNIX_HC_GIVE && number < VMNIX_HC_COUNT;
}

// Where something happens, more often than a random number would find it.
std::uint64_t take_address(Input &input) {
    const std::uint8_t where = input.byte();
    const auto offset = input.take<std::uint16_t>();
    switch (where % 7) {
    case 0:
        return Rig::kLapicPage + offset % kPageSize;
    case 1:
        return Rig::kIoApicPage + offset % (2 * kPageSize);
    case 2:
        return Rig::kLapicPage + offset * 16u;
    case 3:
        return Rig::kArena.begin.raw() + offset * 64u;
    case 4:
        return Guest::kBuffer + offset;
    case 5:
        return ~std::uint64_t{offset};
    default:
        return input.take<std::uint64_t>();
    }
}

// What both backends have in common: registers, code, and what other CPUs and devices do.
void change_surroundings(Rig &rig, Guest &guest, Input &input) {
    Cpu &cpu = rig.cpu();
    switch (input.byte() % 7) {
    case 0:
        cpu.console.gpr[input.byte() % 16] = input.flag() ? input.byte() : input.take<std::uint64_t>();
        break;
    case 1:
        cpu.console.gpr[input.byte() % 16] = take_address(input);
        break;
    case 2: {
        const std::uint8_t bytes = input.byte() % 16, at = input.byte();
        for (unsigned i = 0; i < bytes; i++)
            guest.put(Guest::kCode + at + i, input.byte());
        break;
    }
    case 3: // what others ask for; a panic elsewhere is no part of this
        cpu.console.mailbox.sipi_vector = input.byte();
        cpu.console.mailbox.post(static_cast<Mail>(input.byte() & 0x3f));
        break;
    case 4:
        cpu.arrived.nmis += input.byte() % 4;
        cpu.arrived.machine_checks += input.byte() % 2;
        break;
    case 5:
        cpu.console.lapic.inbox().post(input.byte());
        break;
    default:
        rig.hardware().tsc += input.take<std::uint32_t>();
    }
}

Exit take_exit(Input &input) {
    constexpr ExitKind kKinds[] = {ExitKind::Cpuid,       ExitKind::MsrRead,   ExitKind::MsrWrite,  ExitKind::Port,
                                   ExitKind::NestedFault, ExitKind::Hypercall, ExitKind::Interrupt, ExitKind::Nmi,
                                   ExitKind::Exception,   ExitKind::Init,      ExitKind::Refused,   ExitKind::Control,
                                   ExitKind::Halt};
    constexpr std::uint8_t kVectors[] = {1, 17, 18};
    Exit exit{.kind = kKinds[input.byte() % std::size(kKinds)]};
    exit.length = input.byte() % 16;
    exit.vector = kVectors[input.byte() % 3];
    const std::uint8_t bits = input.byte();
    exit.port = {input.take<std::uint16_t>(), static_cast<std::uint8_t>(1 << bits % 3), (bits & 4) != 0,
                 (bits & 8) != 0, (bits & 16) != 0};
    exit.address = Gpa(take_address(input));
    return exit;
}

void change_guest(FakeGuest &guest, Input &input) {
    switch (input.byte() % 8) {
    case 0:
        guest.rflags = input.take<std::uint32_t>() | x86::rflags::Fixed;
        break;
    case 1:
        guest.cpl = input.byte() % 4;
        break;
    case 2:
        guest.code = static_cast<CodeSize>(input.byte() % 3);
        break;
    case 3:
        guest.paging = {input.take<std::uint32_t>(), input.take<std::uint32_t>(), input.take<std::uint32_t>(),
                        input.take<std::uint16_t>() & g_vmm.efer_known};
        break;
    case 4:
        guest.rip = input.flag() ? input.take<std::uint64_t>() : Guest::kIsland + kPageSize - input.byte() % 20;
        break;
    case 5:
        guest.shadow = input.flag();
        guest.nmi_blocked = input.flag();
        guest.nmi_step = input.flag();
        break;
    case 6:
        guest.fault = {input.flag(), input.flag(), input.flag(), input.flag()};
        guest.more_to_map = input.flag();
        break;
    default:
        guest.paging = Guest::paging();
        guest.rip = Guest::kCode;
        guest.code = CodeSize::Bits64;
        guest.cpl = 0;
    }
}

void check_guest(const FakeGuest &guest, std::uint64_t rip_before) {
    if (guest.rip - rip_before > 15)
        fail("the guest goes on somewhere else");
    if (guest.offered && *guest.offered < 16)
        fail("an illegal vector was offered");
    if (guest.paging.efer & ~g_vmm.efer_known)
        fail("EFER has bits that VMRUN refuses");
}

// Until the next entry; a CPU that would sleep is sent what starts it.
void enter(Cpu &cpu) {
    FakeVcpu v(cpu.console);
    bool goes_on = prepare_entry(v);
    while (!goes_on) {
        if (choose(cpu)) {
            goes_on = begin_turn(v);
        } else {
            cpu.console.mailbox.post(cpu.console.halted ? Mail::Nmi : Mail::Sipi);
            notify(cpu, cpu.console);
        }
    }
}

void run_fake(const RigOptions &options, Input &input) {
    Rig rig(options);
    Guest memory(rig);
    std::vector<FakeGuest> guests(options.cpus);
    for (unsigned i = 0; i < options.cpus; i++)
        rig.cpu(i).console.backend<FakeGuest *>() = &guests[i];
    FakeGuest &guest = guests[0];
    rig.memory().forbid(Rig::kArena.begin.raw(), Rig::kArena.size);
    for (unsigned step = 0; step < kMostSteps && !input.empty(); step++) {
        const std::uint8_t what = input.byte();
        if (what % 4 == 0)
            change_surroundings(rig, memory, input);
        if (what % 4 == 1)
            change_guest(guest, input);
        if (what % 4 < 2)
            continue;
        guest.queued.reset();
        guest.takes_offers = what & 0x80;
        if (FakeVcpu v(rig.cpu().console); v.has_offered())
            settle_offer(v);
        guest.on_window = [&, vector = input.byte(), level = input.flag()] { rig.put_in_service(0, vector, level); };
        const std::uint64_t rip = guest.rip;
        const Exit exit = take_exit(input);
        if (exit.kind == ExitKind::Hypercall && is_about_vms(rig.cpu().console.gpr[0]))
            continue;
        if (handle(FakeVcpu(rig.cpu().console), exit) == Verdict::Leave)
            break;
        check_guest(guest, rip);
        enter(rig.cpu());
        check_machine(rig);
    }
}

// A guest changes these by itself, within what a CPU accepts.
void change_block(SvmMachine &machine, Input &input) {
    svm::SaveArea &save = machine.vmcb().save;
    switch (input.byte() % 6) {
    case 0:
        save.rflags = (input.take<std::uint32_t>() & 0x3f7fd5) | x86::rflags::Fixed;
        break;
    case 1:
        save.cpl = input.byte() % 4;
        break;
    case 2:
        machine.vmcb().control.interrupt_shadow = input.flag();
        break;
    case 3:
        save.rip = input.flag() ? input.take<std::uint64_t>() : Guest::kIsland + kPageSize - input.byte() % 20;
        break;
    case 4: // an event was under way; type and vector as hardware reports them
        machine.vmcb().control.exit_int_info =
            svm::event::Valid | (input.flag() ? 3u << 8 | (input.byte() % 14u + 3) : std::uint64_t{input.byte()});
        break;
    default:
        save.rip = Guest::kCode;
        save.cpl = 0;
        machine.vmcb().control.exit_int_info = 0;
    }
}

svm::ExitCode take_code(Input &input) {
    using enum svm::ExitCode;
    constexpr svm::ExitCode kCodes[] = {Cpuid,  Msr,      Ioio,    Npf,    Vmmcall, Intr,  Nmi,     Init,
                                        Vmrun,  Vmload,   Invlpga, Invd,   Xsetbv,  Iret,  ReadCr8, Stgi,
                                        Skinit, WriteCr8, Clgi,    Vmsave, Hlt,     Mwait, Wbinvd};
    constexpr std::uint8_t kVectors[] = {1, 17, 18};
    const std::uint8_t n = input.byte();
    if (n % 27 < std::size(kCodes))
        return kCodes[n % 27];
    return static_cast<svm::ExitCode>(0x40 + kVectors[n % 3]);
}

// Exceptions on top of a double fault end the machine, which is right and not interesting.
bool ends_in_shutdown(SvmMachine &machine) {
    const std::uint64_t info = machine.vmcb().control.exit_int_info;
    return (info & svm::event::Valid) && svm::event::TypeField::get(info) == svm::event::Exception &&
           svm::event::VectorField::get(info) == 8;
}

void run_svm(const RigOptions &options, Input &input) {
    SvmMachine machine(options);
    Rig &rig = machine.rig_;
    machine.capture();
    machine.state().has_next_rip = input.flag();
    rig.hardware().on_wait = [&] {
        World &console = rig.cpu().console;
        console.mailbox.post(console.halted ? Mail::Nmi : Mail::Sipi);
        notify(rig.cpu(1), console);
    };
    for (unsigned step = 0; step < kMostSteps && !input.empty(); step++) {
        const std::uint8_t what = input.byte();
        if (what % 4 == 0)
            change_surroundings(rig, machine.guest_, input);
        if (what % 4 == 1)
            change_block(machine, input);
        if (what % 4 < 2)
            continue;
        svm::SaveArea &save = machine.vmcb().save;
        save.rax = machine.gpr(x86::Gpr::Rax);
        save.rsp = machine.gpr(x86::Gpr::Rsp);
        machine.vmcb().control.next_rip = save.rip + input.byte() % 16;
        if (what & 0x80)
            machine.vmcb().control.vintr &= ~svm::vintr::VIrq; // taken
        if (ends_in_shutdown(machine))
            continue;
        const svm::ExitCode code = take_code(input);
        if (code == svm::ExitCode::Vmmcall && is_about_vms(save.rax))
            continue;
        const bool port = code == svm::ExitCode::Ioio;
        const std::uint64_t info1 = input.take<std::uint32_t>();
        if (machine.exit(code, info1, port ? save.rip + input.byte() % 16 : take_address(input)))
            break;
        check_machine(rig);
        machine.vmcb().control.exit_int_info = 0;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    Input input({data, size});
    const std::uint8_t options = input.byte();
    const RigOptions rig{.cpus = 2, .x2apic = (options & 2) != 0, .tsc_deadline = (options & 4) != 0, .io_apics = 2};
    g_others_leave = options & 8;
    if (options & 1)
        run_svm(rig, input);
    else
        run_fake(rig, input);
    return 0;
}
