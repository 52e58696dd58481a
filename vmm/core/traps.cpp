// SPDX-License-Identifier: GPL-2.0-only
// Exceptions in the VMM and the report with which it stops. A report uses nothing that may be broken: no locks, no
// guest memory, the serial port by polling.
#include "vmm/core/traps.hpp"

#include "vmm/core/fault_record.hpp"
#include "vmm/core/serial.hpp"
#include "vmm/core/vmm.hpp"
#include "vmm/x86/intrinsics.hpp"

#include <utility>

extern "C" const std::byte vmm_interrupt_stubs[], vmm_safe_rdmsr[], vmm_safe_wrmsr[], vmm_safe_xsetbv[],
    vmm_safe_fault[];
extern "C" bool vmm_rdmsr_safe(std::uint32_t index, std::uint64_t *value);
extern "C" bool vmm_wrmsr_safe(std::uint32_t index, std::uint64_t value);
extern "C" bool vmm_xsetbv_safe(std::uint64_t value);
extern "C" const vmnix_image_header vmm_header;

namespace vmm {
namespace {

constexpr unsigned kFaultIst = 1;
constexpr std::uint64_t kStubBytes = 16;

// As interrupts.S pushes it.
struct Frame {
    std::uint64_t rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
    std::uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

std::uint64_t address(const std::byte *symbol) {
    return reinterpret_cast<std::uint64_t>(symbol);
}

// Whatever it needs, the serial line has the line before.
void keep(std::string_view line) {
    if (!g_vmm.fault_record)
        return;
    if (!std::exchange(g_vmm.fault_record_begun, true))
        begin_record(*g_vmm.fault_record);
    add_to_record(*g_vmm.fault_record, line);
}

template <class... Parts> void report(Parts... parts) {
    const Text text("vmnix: ", parts..., "\r\n");
    serial::put(text.view());
    g_vmm.log.unguarded().append(text.view());
    keep(text.view());
}

void report_header(const char *what) {
    const Cpu *cpu = this_cpu_or_null();
    report("*** the VMM has stopped: ", what);
    Text id("version ", vmm_header.version, ", build ");
    for (std::uint8_t byte : vmm_header.build_id)
        id.add(HexByte{byte});
    report(id.view());
    if (cpu)
        report("CPU ", cpu->index, ", APIC ID ", cpu->apic_id, ", guest rax ", Hex{cpu->console.gpr[0]}, " rsp ",
               Hex{cpu->console.gpr[4]});
}

void report_stack(std::uint64_t rsp) {
    const std::uint64_t end = align_up(rsp + 1, kPageSize);
    for (unsigned row = 0; row < 8 && rsp + 32 <= end; row++, rsp += 32) {
        const auto *word = reinterpret_cast<const std::uint64_t *>(rsp); // the faulting code's own, mapped stack
        report("  ", Hex{rsp}, ": ", Hex{word[0]}, " ", Hex{word[1]}, " ", Hex{word[2]}, " ", Hex{word[3]});
    }
}

void report_frame(const Frame &f) {
    report("vector ", f.vector, " error ", Hex{f.error}, " rip ", Hex{f.rip}, " rflags ", Hex{f.rflags}, " cr2 ",
           Hex{x86::read_cr2()}, " cr3 ", Hex{x86::read_cr3()});
    report("rax ", Hex{f.rax}, " rbx ", Hex{f.rbx}, " rcx ", Hex{f.rcx}, " rdx ", Hex{f.rdx}, " rsi ", Hex{f.rsi},
           " rdi ", Hex{f.rdi}, " rbp ", Hex{f.rbp}, " rsp ", Hex{f.rsp});
    report("r8 ", Hex{f.r8}, " r9 ", Hex{f.r9}, " r10 ", Hex{f.r10}, " r11 ", Hex{f.r11}, " r12 ", Hex{f.r12}, " r13 ",
           Hex{f.r13}, " r14 ", Hex{f.r14}, " r15 ", Hex{f.r15});
}

// The instructions of interrupts.S that are executed on behalf of the guest, with its operands.
bool may_fault(std::uint64_t rip) {
    return rip == address(vmm_safe_rdmsr) || rip == address(vmm_safe_wrmsr) || rip == address(vmm_safe_xsetbv);
}

// A reset loses what is only in the cache.
[[noreturn]] void halt() {
    x86::wbinvd();
    for (;;)
        asm volatile("cli; hlt");
}

// Others must not go on beside a VMM that is broken: an NMI takes each out of its guest, and it halts.
void stop_others() {
    const Cpu *cpu = this_cpu_or_null();
    constexpr std::uint32_t kAllButSelf = 3u << 18;
    if (cpu)
        cpu->physical_lapic.send(x86::PhysicalLapic::kDeliveryNmi | x86::PhysicalLapic::kAssert | kAllButSelf, 0);
}

bool begin_report() {
    return !g_vmm.panicking.exchange(true);
}

} // namespace

void fill_idt(std::array<x86::Gate, 256> &idt) {
    for (unsigned vector = 0; vector < idt.size(); vector++) {
        const bool fault = vector == static_cast<unsigned>(x86::Vector::DoubleFault);
        idt[vector] = x86::Gate::interrupt(stub_address(vector), fault ? kFaultIst : 0);
    }
}

std::uint64_t stub_address(unsigned vector) {
    return address(vmm_interrupt_stubs) + vector * kStubBytes;
}

void panic(const char *what, const char *file, int line) {
    if (begin_report()) {
        stop_others();
        report_header(what);
        report("at ", file, ":", static_cast<unsigned>(line));
        report_stack(reinterpret_cast<std::uint64_t>(__builtin_frame_address(0)));
    }
    halt();
}

void stop_for_panic() {
    halt();
}

namespace x86 {

bool rdmsr_safe(std::uint32_t index, std::uint64_t &value) {
    return vmm_rdmsr_safe(index, &value);
}
bool wrmsr_safe(std::uint32_t index, std::uint64_t value) {
    return vmm_wrmsr_safe(index, value);
}
bool xsetbv0_safe(std::uint64_t value) {
    return vmm_xsetbv_safe(value);
}

} // namespace x86

extern "C" void vmm_exception(Frame *frame) {
    if (frame->vector == static_cast<unsigned>(x86::Vector::GeneralProtection) && may_fault(frame->rip)) {
        frame->rip = address(vmm_safe_fault);
        return;
    }
    if (begin_report()) {
        stop_others();
        report_header(frame->vector == static_cast<unsigned>(x86::Vector::DoubleFault)
                          ? "double fault, most likely a full stack"
                          : "exception");
        report_frame(*frame);
        if (frame->vector != static_cast<unsigned>(x86::Vector::DoubleFault))
            report_stack(frame->rsp);
    }
    halt();
}

} // namespace vmm

// libstdc++'s bounds assertions end here: a violated one is a broken invariant.
namespace std {
// NOLINTNEXTLINE(bugprone-reserved-identifier): the library chose the name
void __glibcxx_assert_fail(const char *file, int line, const char *, const char *condition) noexcept {
    vmm::panic(condition, file, line);
}
} // namespace std
