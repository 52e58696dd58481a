// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/launch/launch_machine.hpp"

#include "entry_checks.hpp"
#include "vmm/core/address_space.hpp"
#include "vmnix/early.h"

#include <pthread.h>

extern "C" vmm::World *svm_exit(vmm::World &world);

namespace vmm::test {
namespace {

// A physical local APIC in x2APIC mode as a kernel leaves it, by its MSRs.
void fill_lapic(Hardware &hardware, unsigned cpu) {
    const auto set = [&](LapicRegister reg, std::uint64_t value) { hardware.msrs[x2apic_msr_of(reg)] = value; };
    hardware.msrs[x86::msr::ApicBase] = 0xfee00c00 | (cpu == 0 ? 0x100 : 0);
    set(LapicRegister::Id, cpu);
    set(LapicRegister::Version, 0x00050014);
    set(LapicRegister::SpuriousVector, 0x1ff);
    set(LapicRegister::TaskPriority, 0x10);
    set(LapicRegister::LvtTimer, 0x100ec);
    set(LapicRegister::DivideConfiguration, 0xb);
    set(LapicRegister::LvtLint0, 0x10700);
    set(LapicRegister::LvtLint1, cpu == 0 ? 0x400 : 0x10400);
    set(LapicRegister::LvtThermal, 0x100fa);
    set(LapicRegister::LvtPmc, 0x400);
    set(LapicRegister::LvtError, 0xfe);
}

struct Thread {
    Hardware *hardware;
    vmnix_handover_cpu *self;
    int status;
};

void *run_cpu(void *argument) {
    auto *thread = static_cast<Thread *>(argument);
    play(thread->hardware);
    thread->status = vmm_call(thread->self, VMNIX_CALL_ENTER);
    return nullptr;
}

} // namespace

LaunchMachine::LaunchMachine(unsigned cpus)
    : guest_((memory_.add(0, 0xa0000), memory_.add(kMega, 63 * kMega), memory_)), stub_(kStubVa),
      devices_(kDeviceVa, 4 * kPageSize), blocks_(kCpuBlockVa, cpus * kCpuBlockSize),
      handover_(std::make_unique<vmnix_handover>()), hardware_(cpus) {
    for (unsigned i = 0; i < cpus; i++) {
        hardware_[i].real_time = true;
        hardware_[i].cr3 = 0xc0ffee000;
        fill_lapic(hardware_[i], i);
    }
    auto *const window = reinterpret_cast<std::uint32_t *>(io_apic_va(0) + ioapic::kWindowOffset); // mapped above
    *window = 0x00170020;
    auto *const stub = reinterpret_cast<std::uint8_t *>(kStubVa);
    std::fill(stub, stub + kPageSize, std::uint8_t{0xcc});
    vmnix_handover &h = *handover_;
    h.abi = VMNIX_HANDOVER_ABI;
    h.size = sizeof(h);
    h.arena_base = h.image_base = kArena;
    h.arena_size = kArenaSize;
    h.arena_free = kArenaFree;
    h.cpus = kCpuPages;
    h.stub_va = kStubVa;
    h.stub_resume = kStubVa + 0x40;
    h.tsc_khz = 1'000'000;
    h.apic_timer_khz = 100'000;
    h.lapic_base = 0xfee00000;
    h.timeout_tsc = kLong;
    h.cpu_count = cpus;
    h.memory[h.memory_count++] = {0, 0xa0000, VMNIX_MEMORY_RAM, 0};
    h.memory[h.memory_count++] = {kMega, 63 * kMega, VMNIX_MEMORY_RAM, 0};
    h.ioapic[h.ioapic_count++] = {0xfec00000, 0, 24};
    load();
}

LaunchMachine::~LaunchMachine() {
    std::destroy_at(&g_vmm);
    std::construct_at(&g_vmm);
    g_guest = [](Cpu &) {};
    play(nullptr);
}

vmnix_handover_cpu &LaunchMachine::handover_cpu(unsigned cpu) {
    return memory_.at<vmnix_handover_cpu>(kCpuPages + cpu * kPageSize);
}

void LaunchMachine::load() {
    std::destroy_at(&g_vmm);
    std::construct_at(&g_vmm);
    std::destroy_at(&svm::g_shared);
    std::construct_at(&svm::g_shared);
    for (auto &seen : checks::seen)
        seen = {};
    for (unsigned i = 0; i < cpus(); i++) {
        vmnix_handover_cpu &cpu = handover_cpu(i);
        cpu = {};
        Guest::fill_switch_state(cpu);
        cpu.index = cpu.apic_id = i;
        vmnix_early_fill(&cpu, kPagesVa + i * kPageSize, kStubVa + 0x80, kStubVa + 0xc0);
        cpu.handover = reinterpret_cast<std::uint64_t>(handover_.get()); // the ABI holds addresses
    }
    handover_->failed_cpu = handover_->failed_step = ~0u;
}

int LaunchMachine::init() {
    play(&hardware_[0]);
    const int status = vmm_call(&handover_cpu(0), VMNIX_CALL_INIT);
    play(nullptr);
    return status;
}

std::vector<int> LaunchMachine::enter() {
    std::vector<Thread> threads(cpus());
    std::vector<pthread_t> handles(cpus());
    for (unsigned i = 0; i < cpus(); i++) {
        threads[i] = {&hardware_[i], &handover_cpu(i), -1};
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        void *const stack = reinterpret_cast<void *>(kCpuBlockVa + i * kCpuBlockSize + kStackOffset); // in blocks_
        VMM_ASSERT(pthread_attr_setstack(&attributes, stack, kStackSize) == 0);
        VMM_ASSERT(pthread_create(&handles[i], &attributes, run_cpu, &threads[i]) == 0);
        pthread_attr_destroy(&attributes);
    }
    std::vector<int> statuses;
    for (unsigned i = 0; i < cpus(); i++) {
        pthread_join(handles[i], nullptr);
        statuses.push_back(threads[i].status);
    }
    return statuses;
}

std::string LaunchMachine::log() {
    std::uint64_t position = 0;
    std::string text(g_vmm.log.unguarded().size(), '\0');
    text.resize(g_vmm.log.unguarded().read(position, text));
    return text;
}

Called hypercall(Cpu &cpu, std::uint64_t number, std::uint64_t rdi, std::uint64_t rsi, std::uint64_t rdx) {
    svm::Vcpu v(cpu.console);
    v.vmcb().control.exit_code = static_cast<std::uint64_t>(svm::ExitCode::Vmmcall);
    v.vmcb().save.rax = number;
    v.gpr(x86::Gpr::Rdi) = rdi;
    v.gpr(x86::Gpr::Rsi) = rsi;
    v.gpr(x86::Gpr::Rdx) = rdx;
    const bool left = svm_exit(cpu.console) == nullptr;
    return {static_cast<std::int64_t>(left ? v.gpr(x86::Gpr::Rax) : v.vmcb().save.rax), left};
}

void leave(Cpu &cpu) {
    while (!hypercall(cpu, VMNIX_HC_LEAVE).left)
        ;
}

} // namespace vmm::test
