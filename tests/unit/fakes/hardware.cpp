// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/fakes/hardware.hpp"

#include "vmm/base/assert.hpp"
#include "vmm/x86/registers.hpp"

#include <chrono>

namespace vmm::test {
namespace {

thread_local Hardware *g_playing = nullptr;

constexpr std::uint32_t bits(std::initializer_list<unsigned> numbers) {
    std::uint32_t word = 0;
    for (unsigned n : numbers)
        word |= 1u << n;
    return word;
}

} // namespace

Hardware::Hardware() {
    using Result = x86::CpuidResult;
    leaves[{0, 0}] = Result{0xd, 0x68747541, 0x444d4163, 0x69746e65};                     // AuthenticAMD
    leaves[{1, 0}] = Result{0x00a20f10, 0, bits({21, 24, 26, 27}), bits({5, 9, 12, 16})}; // x2APIC, deadline, XSAVE
    leaves[{7, 0}] = Result{0, bits({7, 20}), bits({3, 4}), 0};                           // PKU with OSPKE
    leaves[{0xd, 0}] = Result{7, 0x340, 0x340, 0};                                        // x87, SSE, AVX
    leaves[{0x80000000, 0}] = Result{0x80000021, 0, 0, 0};
    leaves[{0x80000001, 0}] =
        Result{0x00a20f10, 0, bits({2, 12}), bits({9, 11, 20, 25, 26, 27, 29})}; // SVM, SKINIT; FFXSR
    leaves[{0x80000008, 0}] = Result{0x3028, 0, 0, 0};
    leaves[{0x8000000a, 0}] = Result{1, 16, 0, bits({0, 3, 6})}; // NPT, NRIP, flush by ASID
    msrs[x86::msr::Pat] = 0x0007040600070406;
    msrs[x86::msr::ApicBase] = 0xfee00900;
    msrs[x86::msr::MtrrCap] = 0x508;
    msrs[x86::msr::MtrrDefType] = 0xc06;
    for (std::uint32_t index : {0x250u, 0x258u, 0x259u, 0x268u, 0x269u, 0x26au, 0x26bu, 0x26cu, 0x26du, 0x26eu, 0x26fu})
        msrs[index] = 0x0606060606060606;
}

x86::CpuidResult Hardware::cpuid(std::uint32_t leaf, std::uint32_t subleaf) const {
    const auto found = leaves.find({leaf, subleaf});
    return found == leaves.end() ? x86::CpuidResult{} : found->second;
}

void Hardware::sleeps_for_ever() {
    panic("a CPU sleeps, and nobody wakes it", __FILE__, __LINE__);
}

std::uint64_t Hardware::read_tsc() {
    if (real_time)
        return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    return tsc += tsc_step;
}

// The x2APIC's registers are there in its mode only, and then not all of them for both: APM vol. 2, table 16-6.
bool Hardware::faults(std::uint32_t index, bool write) const {
    if (faulting_msrs.contains(index))
        return true;
    if (index < x86::msr::X2apicFirst || index > x86::msr::X2apicLast)
        return false;
    if (!(msrs.at(x86::msr::ApicBase) & 1u << 10) || index == 0x80e || index == 0x831)
        return true;
    if (!write)
        return index == 0x80b || index == 0x83f;
    return index == 0x802 || index == 0x803 || index == 0x80a || index == 0x80d || index == 0x839 ||
           (index >= 0x810 && index <= 0x827);
}

bool Hardware::read_msr(std::uint32_t index, std::uint64_t &value) const {
    if (faults(index, false))
        return false;
    const auto found = msrs.find(index);
    value = found == msrs.end() ? 0 : found->second;
    return true;
}

bool Hardware::write_msr(std::uint32_t index, std::uint64_t value) {
    if (faults(index, true))
        return false;
    msrs[index] = value;
    msr_writes.emplace_back(index, value);
    return true;
}

Hardware &hardware() {
    if (!g_playing)
        panic("this thread plays no CPU", __FILE__, __LINE__);
    return *g_playing;
}

void play(Hardware *cpu) {
    g_playing = cpu;
}

} // namespace vmm::test
