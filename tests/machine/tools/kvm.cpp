// SPDX-License-Identifier: GPL-2.0-only
// What an exit takes under KVM, as its VM's program sees it, beside the same rows of the test kernel in tests/guest.
// The VM is 32-bit, flat and without paging; its program has neither stack nor interrupts.
#include "tests/machine/tools/probe.hpp"

#include <cerrno>
#include <cpuid.h>
#include <cstring>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define ROUNDS 1000
#define NOPS 100
#define DONE_PORT 0xf4
#define USER_PORT 0x3fd /* nobody in the kernel answers it */
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

// Each row does its act once, so that nothing of it is new, then ROUNDS times. At the end ebp has the sum of the ticks,
// esp the least; reading the TSC once is part of each. Acts may use eax, ebx, ecx, edx (CPUID changes all four). The
// program is data here; it is copied, and has relative jumps only, so it runs where it was put. KVM knows no call 1000.
asm(R"(
    .macro row name, act
kvm_\name:
    \act
    movl $)" TEXT(ROUNDS) R"(, %esi
    xorl %ebp, %ebp
    movl $-1, %esp
1:  rdtsc
    movl %eax, %edi
    \act
    rdtsc
    subl %edi, %eax
    addl %eax, %ebp
    cmpl %esp, %eax
    jae 2f
    movl %eax, %esp
2:  decl %esi
    jnz 1b
    outb %al, $)" TEXT(DONE_PORT) R"(
    .endm

    .pushsection .rodata
    .code32
kvm_program:
    row nops, ".rept )" TEXT(NOPS) R"(; nop; .endr"
    row cpuid, "xorl %eax, %eax; cpuid"
    row vmcall, "movl $1000, %eax; vmcall"
    row vmmcall, "movl $1000, %eax; vmmcall"
    row port_in, "movl $)" TEXT(USER_PORT) R"(, %edx; inb %dx, %al"
    row port_out, "movl $)" TEXT(USER_PORT) R"(, %edx; outb %al, %dx"
    row xapic_timer, "movl $0x7fffffff, 0xfee00380"
    row xapic_lvt, "movl $0x10000, 0xfee00370"
    row xapic_eoi, "movl $0, 0xfee000b0"
    row ioapic_select, "movl $0, 0xfec00000"
    row page, "movl %ebx, (%ebx); addl $4096, %ebx"
    row x2apic_timer, "movl $0x838, %ecx; movl $0x7fffffff, %eax; xorl %edx, %edx; wrmsr"
    row x2apic_eoi, "movl $0x80b, %ecx; xorl %eax, %eax; xorl %edx, %edx; wrmsr"
kvm_program_end:
    .code64
    .popsection
)");
extern "C" const unsigned char kvm_program[], kvm_program_end[], kvm_nops[], kvm_cpuid[], kvm_vmcall[], kvm_vmmcall[],
    kvm_port_in[], kvm_port_out[], kvm_xapic_timer[], kvm_xapic_lvt[], kvm_xapic_eoi[], kvm_ioapic_select[], kvm_page[],
    kvm_x2apic_timer[], kvm_x2apic_eoi[];

namespace probe {
namespace {

constexpr std::size_t kPage = 4096, kPages = ROUNDS + 1;
constexpr std::uint64_t kProgram = 0x1000, kMapped = 0x1000000, kNew = 0x2000000; // in the VM's memory
constexpr std::uint64_t kApicBase = 0xfee00900, kX2apic = 0x400;                  // enabled, the first processor's
constexpr unsigned kAbout = 10; // ticks: Bochs counts 97 for NOPS, on the bare machine too

// The header's own structure has an empty member, which takes a byte in C++: its size, and with it the number of the
// request, are wrong there.
constexpr unsigned kCpuidEntries = 200;
struct CpuidEntries {
    std::uint32_t count, padding;
    kvm_cpuid_entry2 entries[kCpuidEntries];
};
constexpr unsigned long kGetSupportedCpuid = _IOWR(KVMIO, 0x05, std::uint64_t),
                        kSetCpuid = _IOW(KVMIO, 0x90, std::uint64_t);

struct CostRow {
    const char *name;
    const unsigned char *code;
    std::uint64_t touched = 0; // ebx, for the row that touches pages
    bool x2apic = false;       // there is no way back for a guest, so these come last
};

bool is_intel() {
    unsigned highest, ebx, ecx, edx;
    __cpuid(0, highest, ebx, ecx, edx);
    return ebx == signature_INTEL_ebx;
}

// A call that must work; says which did not.
int call(int descriptor, const char *name, unsigned long request, void *argument = nullptr) {
    const int result = ioctl(descriptor, request, argument);
    if (result < 0)
        std::printf("%s: %s\n", name, std::strerror(errno));
    return result;
}
#define CALL(descriptor, request, ...) call(descriptor, #request, request __VA_OPT__(, ) __VA_ARGS__)

class Vm {
  public:
    bool create();
    bool measure(const CostRow &row, unsigned &mean, unsigned &least);

  private:
    void *add_memory(unsigned slot, std::uint64_t at, std::size_t bytes);
    bool add_memories();
    bool copy_cpuid();
    bool set_registers(const CostRow &row);

    File kvm_{"/dev/kvm", O_RDWR};
    int vm_ = -1, vcpu_ = -1;
    kvm_run *run_ = nullptr;
};

// In small pages: each is a fault of its own.
void *Vm::add_memory(unsigned slot, std::uint64_t at, std::size_t bytes) {
    void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || madvise(memory, bytes, MADV_NOHUGEPAGE) != 0)
        return nullptr;
    kvm_userspace_memory_region region{.slot = slot,
                                       .guest_phys_addr = at,
                                       .memory_size = bytes,
                                       .userspace_addr = reinterpret_cast<std::uintptr_t>(memory)};
    return CALL(vm_, KVM_SET_USER_MEMORY_REGION, &region) == 0 ? memory : nullptr;
}

bool Vm::add_memories() {
    void *program = add_memory(0, kProgram, kPage), *mapped = add_memory(1, kMapped, kPages * kPage);
    if (!program || !mapped || !add_memory(2, kNew, kPages * kPage))
        return false;
    std::memcpy(program, kvm_program, static_cast<std::size_t>(kvm_program_end - kvm_program));
    std::memset(mapped, 1, kPages * kPage);
    return true;
}

// All that KVM can give, as its users do.
bool Vm::copy_cpuid() {
    static CpuidEntries cpuid{.count = kCpuidEntries};
    return CALL(kvm_, kGetSupportedCpuid, &cpuid) == 0 && CALL(vcpu_, kSetCpuid, &cpuid) == 0;
}

bool Vm::create() {
    if (!kvm_ || (vm_ = CALL(kvm_, KVM_CREATE_VM)) < 0 || CALL(vm_, KVM_CREATE_IRQCHIP) != 0 || !add_memories() ||
        (vcpu_ = CALL(vm_, KVM_CREATE_VCPU)) < 0 || !copy_cpuid())
        return false;
    const int bytes = CALL(kvm_, KVM_GET_VCPU_MMAP_SIZE);
    void *run = bytes < 0
                    ? MAP_FAILED
                    : mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_, 0);
    run_ = static_cast<kvm_run *>(run);
    return run != MAP_FAILED;
}

kvm_segment flat(unsigned char type, unsigned short selector) {
    return {.limit = 0xffffffff, .selector = selector, .type = type, .present = 1, .db = 1, .s = 1, .g = 1};
}

bool Vm::set_registers(const CostRow &row) {
    constexpr unsigned char kCode = 0xb, kData = 0x3;
    constexpr std::uint64_t kProtected = 1;
    kvm_sregs special{};
    if (CALL(vcpu_, KVM_GET_SREGS, &special) != 0)
        return false;
    special.cs = flat(kCode, 8);
    special.ds = special.es = special.fs = special.gs = special.ss = flat(kData, 16);
    special.cr0 |= kProtected;
    special.apic_base = kApicBase | (row.x2apic ? kX2apic : 0);
    kvm_regs general{
        .rbx = row.touched, .rip = kProgram + static_cast<std::size_t>(row.code - kvm_program), .rflags = 2};
    return CALL(vcpu_, KVM_SET_SREGS, &special) == 0 && CALL(vcpu_, KVM_SET_REGS, &general) == 0;
}

bool Vm::measure(const CostRow &row, unsigned &mean, unsigned &least) {
    if (!set_registers(row))
        return false;
    do {
        if (CALL(vcpu_, KVM_RUN) != 0 || run_->exit_reason != KVM_EXIT_IO) {
            std::printf("%s: ended with exit %u\n", row.name, run_->exit_reason);
            return false;
        }
    } while (run_->io.port != DONE_PORT);
    kvm_regs general{};
    if (CALL(vcpu_, KVM_GET_REGS, &general) != 0)
        return false;
    mean = static_cast<unsigned>(general.rbp / ROUNDS);
    least = static_cast<unsigned>(general.rsp);
    return true;
}

// Lines of "name mean least".
int kvm_cost(Arguments) {
    const CostRow rows[] = {
        {"nops", kvm_nops},
        {"cpuid.hot", kvm_cpuid},
        {"hypercall", is_intel() ? kvm_vmcall : kvm_vmmcall},
        {"port.uart", kvm_port_in},
        {"port.out", kvm_port_out},
        {"xapic.timer", kvm_xapic_timer},
        {"xapic.lvt", kvm_xapic_lvt},
        {"xapic.eoi", kvm_xapic_eoi},
        {"ioapic.select", kvm_ioapic_select},
        {"page.mapped", kvm_page, kMapped},
        {"page.new", kvm_page, kNew},
        {"x2apic.timer", kvm_x2apic_timer, 0, true},
        {"x2apic.eoi", kvm_x2apic_eoi, 0, true},
    };
    static Vm vm; // for the life of the program
    if (!vm.create())
        return kLacking;
    for (const CostRow &row : rows) {
        unsigned mean = 0, least = 0;
        if (!vm.measure(row, mean, least))
            return kNotAsExpected;
        std::printf("%s %u %u\n", row.name, mean, least);
        if (row.code == kvm_nops && (least < NOPS - kAbout || least > NOPS + kAbout))
            return kNotAsExpected; // an RDTSC that exits or a TSC that is scaled makes all the others wrong
    }
    return kAsExpected;
}

constexpr Command kCommands[] = {
    {"kvm-cost", "ticks of exits to KVM, as its VM sees them: name, mean, least", kvm_cost},
};

} // namespace

std::span<const Command> kvm_commands() {
    return kCommands;
}

} // namespace probe
