// SPDX-License-Identifier: GPL-2.0-only
#include "cost.hpp"

#include "apic.hpp"
#include "interrupts.hpp"
#include "program.hpp"
#include "smp.hpp"

#include <iterator>

namespace {

using cost::measure;

constexpr std::uint64_t kNoSuchCall = 1000;

#define COLD 256 /* more places than any cache of decoded instructions has */

void cpuid() {
    x86::cpuid(0);
}

// Each from an address of its own.
void cold_rows() {
    MARK_SECTION(SECTION_VM_CPUID_COLD);
    std::uint64_t begin = x86::rdtsc();
    asm volatile(".rept %c0\n\txorl %%eax, %%eax\n\tcpuid\n\t.endr" ::"i"(COLD) : "rax", "rbx", "rcx", "rdx");
    std::uint64_t ticks = x86::rdtsc() - begin;
    MARK_SECTION(SECTION_NONE);
    cost::keep("cpuid.cold", ticks / COLD);

    volatile std::uint32_t *where = &apic::page(apic::InitialCount);
    MARK_SECTION(SECTION_VM_XAPIC_COLD);
    begin = x86::rdtsc();
    asm volatile(".rept %c2\n\tmovl %0, (%1)\n\t.endr" ::"a"(0x7fffffff), "r"(where), "i"(COLD) : "memory");
    ticks = x86::rdtsc() - begin;
    MARK_SECTION(SECTION_NONE);
    cost::keep("xapic.cold", ticks / COLD);
}

void xapic_rows() {
    apic::write(apic::LvtTimer, apic::Masked);
    cold_rows();
    measure<SECTION_VM_XAPIC_HOT>("xapic.timer", [] { apic::page(apic::InitialCount) = 0x7fffffff; });
    measure<SECTION_VM_XAPIC_LVT>("xapic.lvt", [] { apic::page(apic::LvtError) = apic::Masked; });
    measure<SECTION_VM_XAPIC_EOI>("xapic.eoi", [] { apic::page(apic::Eoi) = 0; });
    measure<SECTION_VM_IOAPIC>("ioapic.select", [] { *reinterpret_cast<volatile std::uint32_t *>(0xfec00000) = 0; });
}

void x2apic_rows() {
    measure<SECTION_VM_X2APIC>("x2apic.timer", [] { x86::wrmsr(0x838, 0x7fffffff); });
    measure<SECTION_VM_X2APIC_EOI>("x2apic.eoi", [] { x86::wrmsr(0x80b, 0); });
    x86::wrmsr(0x838, 0);
    set_handler(kIpiVector, [](Frame &) { apic::eoi(); });
    measure<SECTION_VM_X2APIC_SELF>("self-ipi", [] {
        x86::wrmsr(0x830, apic::ToSelf | kIpiVector);
        asm volatile("sti; nop; cli" ::: "memory");
    });
}

void run(const Arguments &) {
    measure<SECTION_VM_CPUID_HOT>("cpuid.hot", cpuid);
    if (x86::is_intel())
        measure<SECTION_VM_HYPERCALL>("hypercall", [] { x86::vmcall(kNoSuchCall); });
    else
        measure<SECTION_VM_HYPERCALL>("hypercall", [] { x86::vmmcall(kNoSuchCall); });
    measure<SECTION_VM_PORT_UART>("port.uart", [] { x86::in8(0x3fd); });
    measure<SECTION_VM_PORT_TIMER>("port.timer", [] { x86::in<std::uint32_t>(0x608); });
    xapic_rows();
    apic::enter_x2apic();
    x2apic_rows();
    cost::measure_timer();
    if (cpu_count() > 1)
        cost::measure_wake();
    cost::print_kept();
}

PROGRAM("cost", run);

struct Kept {
    const char *name;
    std::uint64_t numbers[4];
} kept[24];
unsigned kept_count = 0;

} // namespace

namespace cost {

void keep(const char *name, std::uint64_t first, std::uint64_t second, std::uint64_t third, std::uint64_t fourth) {
    kept[kept_count++ % std::size(kept)] = {name, {first, second, third, fourth}};
}

void print_kept() {
    for (unsigned i = 0; i < kept_count; i++)
        print(kept[i].name, kept[i].numbers[0], kept[i].numbers[1], kept[i].numbers[2], kept[i].numbers[3]);
}

} // namespace cost
