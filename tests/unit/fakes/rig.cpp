// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/fakes/rig.hpp"

#include "vmm/core/schedule.hpp"

#include <memory>

namespace vmm::test {
namespace {

constexpr std::uint32_t kLapicVersion = 0x00050014; // six LVT entries
constexpr std::uint32_t kTscKhz = 2500000, kTimerKhz = 100000;

std::uint64_t address_of(const auto &page) {
    return reinterpret_cast<std::uint64_t>(page.get()); // as the VMM holds addresses of device pages
}

} // namespace

Rig::Rig(const RigOptions &options)
    : handover_(std::make_unique<vmnix_handover>()), handover_cpus_(options.cpus), hardware_(options.cpus) {
    std::destroy_at(&g_vmm);
    std::construct_at(&g_vmm);
    g_vmm.handover = handover_.get();
    g_vmm.cpu_count = options.cpus;
    g_vmm.x2apic = options.x2apic;
    g_vmm.tsc_deadline = options.tsc_deadline;
    g_vmm.gigantic_pages = true;
    g_vmm.efer_known = 0xd01;
    g_vmm.log.unguarded().use(log_);
    fill_handover(options);
    fill_memory(options);
    for (unsigned i = 0; i < options.cpus; i++)
        fill_cpu(i, options);
    fill_io_apics(options.io_apics);
    play(0);
    const auto extended = learn_extended_features();
    VMM_ASSERT(extended);
    g_vmm.extended = *extended;
    g_vmm.ns_per_tick = (1000000ull << 32) / kTscKhz;
    g_vmm.timer_per_tick = (std::uint64_t{kTimerKhz} << 32) / kTscKhz + 1;
    cpu_room_ = std::vector<Scheduler::Cpu>(options.cpus);
    add_console(cpu_room_, hardware().tsc);
    for (auto &cpu : cpus_)
        start_console(*cpu, hardware().tsc);
}

Rig::~Rig() {
    test::play(nullptr);
    std::destroy_at(&g_vmm);
    std::construct_at(&g_vmm);
}

void Rig::fill_handover(const RigOptions &options) {
    vmnix_handover &h = *handover_;
    h.abi = VMNIX_HANDOVER_ABI;
    h.size = sizeof(h);
    h.arena_base = kArena.begin.raw();
    h.arena_size = kArena.size;
    h.tsc_khz = kTscKhz;
    h.apic_timer_khz = kTimerKhz;
    h.lapic_base = kLapicPage;
    h.timeout_tsc = 1'000'000;
    h.cpu_count = options.cpus;
}

void Rig::fill_memory(const RigOptions &options) {
    const Range<Gpa> arena{Gpa(kArena.begin.raw()), kArena.size};
    const Range<Gpa> spare{Gpa(kSpareRam), options.spare_pieces * PieceMap::kSize};
    owners_.resize(kHighRam.end().raw() / PieceMap::kSize + 1);
    g_vmm.ram.pieces().use(owners_);
    for (const Range<Gpa> &range : {kLowRam, kRam, spare, kHighRam}) {
        if (range.size == 0)
            continue;
        memory_.add(range.begin.raw(), range.size);
        VMM_ASSERT(g_vmm.ram.map().add_without(range, arena));
        handover_->memory[handover_->memory_count++] = {range.begin.raw(), range.size, VMNIX_MEMORY_RAM, 0};
    }
    for (unsigned i = 0; i < g_vmm.ram.map().count(); i++)
        g_vmm.ram.pieces().add_console(g_vmm.ram.map()[i]);
    g_vmm.frames.use(kArena);
}

void Rig::fill_cpu(unsigned index, const RigOptions &options) {
    lapic_pages_.push_back(std::make_unique<LapicPage>());
    cpus_.push_back(std::make_unique<Cpu>());
    play(index);
    if (options.x2apic)
        hardware_[index].msrs[x86::msr::ApicBase] |= lapic::BaseX2apic::mask;
    Cpu &cpu = *cpus_.back();
    cpu.index = cpu.apic_id = index;
    cpu.console.cpu = &cpu;
    cpu.console.number = index;
    cpu.current = &cpu.console;
    cpu.handover = &handover_cpus_[index];
    cpu.reset_edx = hardware_[index].cpuid(1, 0).eax;
    cpu.physical_lapic = x86::PhysicalLapic(options.x2apic, address_of(lapic_pages_.back()));
    VMM_ASSERT(cpu.console.lapic.configure({.apic_id = index,
                                            .version = kLapicVersion,
                                            .x2apic = true,
                                            .tsc_deadline = options.tsc_deadline,
                                            .bootstrap = index == 0,
                                            .tsc_khz = kTscKhz,
                                            .timer_khz = kTimerKhz}));
    if (options.x2apic)
        cpu.console.lapic.write_apic_base(cpu.console.lapic.apic_base() | lapic::BaseX2apic::mask, 0);
    cpu.console.lapic.write(LapicRegister::SpuriousVector, 0x1ff, 0);
    g_vmm.cpus[index] = &cpu;
    g_vmm.console_worlds[index] = &cpu.console;
}

// Memory in place of the device: its version as it is read reads back for every register, masked entries all.
void Rig::fill_io_apics(unsigned count) {
    constexpr std::uint32_t kVersion = 0x00170020;
    io_apics_.resize(count);
    g_vmm.io_apics.unguarded().use(io_apics_);
    for (unsigned i = 0; i < count; i++) {
        io_apic_pages_.push_back(std::make_unique<LapicPage>());
        io_apic_pages_.back()->word[ioapic::kWindowOffset / 4] = kVersion;
        handover_->ioapic[handover_->ioapic_count++] = {kIoApicPage + i * kPageSize, 24 * i, 24};
        g_vmm.io_apics.unguarded().add(Hpa(kIoApicPage + i * kPageSize), address_of(io_apic_pages_.back()));
    }
    VMM_ASSERT(g_vmm.io_apics.unguarded().capture());
}

std::uint32_t Rig::physical_lapic(unsigned index, LapicRegister reg) {
    if (!g_vmm.x2apic)
        return lapic_pages_[index]->word[static_cast<unsigned>(reg) / 4];
    std::uint64_t value = 0;
    VMM_ASSERT(hardware_[index].read_msr(x2apic_msr_of(reg), value));
    return static_cast<std::uint32_t>(value);
}

void Rig::set_physical_lapic(unsigned index, LapicRegister reg, std::uint32_t value) {
    if (g_vmm.x2apic)
        hardware_[index].msrs[x2apic_msr_of(reg)] = value;
    else
        lapic_pages_[index]->word[static_cast<unsigned>(reg) / 4] = value;
}

void Rig::put_in_service(unsigned index, std::uint8_t vector, bool level) {
    const std::uint32_t bit = 1u << vector % 32;
    for (LapicRegister first : {LapicRegister::Isr0, LapicRegister::Tmr0}) {
        const LapicRegister reg = lapic_register_plus(first, vector / 32u);
        const bool set = first == LapicRegister::Isr0 || level;
        set_physical_lapic(index, reg, (physical_lapic(index, reg) & ~bit) | (set ? bit : 0));
    }
    cpus_[index]->acknowledged = vector;
}

std::string Rig::log() {
    std::uint64_t position = 0;
    std::string text(log_.size(), '\0');
    text.resize(g_vmm.log.unguarded().read(position, text));
    return text;
}

} // namespace vmm::test
