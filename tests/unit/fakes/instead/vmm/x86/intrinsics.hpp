// SPDX-License-Identifier: GPL-2.0-only
// In hosted tests this header stands for the real one: the same functions, acting on tests/unit/fakes/hardware.hpp.
#pragma once

#include "tests/unit/fakes/hardware.hpp"
#include "vmm/base/assert.hpp"
#include "vmm/base/types.hpp"

#include <cstddef>
#include <thread>

namespace vmm::x86 {

using test::hardware;

inline bool rdmsr_safe(std::uint32_t index, std::uint64_t &value) {
    return hardware().read_msr(index, value);
}
inline bool wrmsr_safe(std::uint32_t index, std::uint64_t value) {
    return hardware().write_msr(index, value);
}
inline std::uint64_t rdmsr(std::uint32_t index) {
    std::uint64_t value = 0;
    VMM_ASSERT(rdmsr_safe(index, value)); // #GP in the VMM
    return value;
}
inline void wrmsr(std::uint32_t index, std::uint64_t value) {
    VMM_ASSERT(wrmsr_safe(index, value));
}

inline std::uint64_t rdtsc() {
    return hardware().read_tsc();
}
inline CpuidResult cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
    return hardware().cpuid(leaf, subleaf);
}

#define VMM_CONTROL_REGISTER(name)                                                                                     \
    inline std::uint64_t read_##name() {                                                                               \
        return hardware().name;                                                                                        \
    }                                                                                                                  \
    inline void write_##name(std::uint64_t value) {                                                                    \
        hardware().name = value;                                                                                       \
    }
VMM_CONTROL_REGISTER(cr0)
VMM_CONTROL_REGISTER(cr2)
VMM_CONTROL_REGISTER(cr3)
VMM_CONTROL_REGISTER(cr4)
VMM_CONTROL_REGISTER(dr0)
VMM_CONTROL_REGISTER(dr1)
VMM_CONTROL_REGISTER(dr2)
VMM_CONTROL_REGISTER(dr3)
VMM_CONTROL_REGISTER(dr6)
VMM_CONTROL_REGISTER(dr7)
#undef VMM_CONTROL_REGISTER

inline void invlpg(std::uint64_t) {
    hardware().trace.emplace_back("invlpg");
}
inline void pause() {
    std::this_thread::yield();
}

inline std::uint32_t in(std::uint16_t port, unsigned size) {
    const std::uint32_t value = hardware().on_port_read ? hardware().on_port_read(port) : hardware().ports[port];
    return size == 4 ? value : value & ((1u << 8 * size) - 1);
}
inline void out(std::uint16_t port, unsigned size, std::uint32_t value) {
    hardware().port_writes.push_back({port, size, size == 4 ? value : value & ((1u << 8 * size) - 1)});
    hardware().on_port_write(port, value);
}
inline std::uint8_t in8(std::uint16_t port) {
    return static_cast<std::uint8_t>(in(port, 1));
}
inline void out8(std::uint16_t port, std::uint8_t value) {
    out(port, 1, value);
}

inline std::uint64_t xgetbv0() {
    return hardware().xcr0;
}
// XSETBV's rules, APM vol. 4, XSETBV. Without OSXSAVE it is undefined, which nothing in the VMM catches.
inline bool xsetbv0_safe(std::uint64_t value) {
    VMM_ASSERT(hardware().cr4 & 1u << 18);
    const auto has = [&](unsigned n) { return (value >> n & 1) != 0; };
    const CpuidResult components = cpuid(0xd);
    const bool legal = has(0) && (!has(2) || has(1)) && has(3) == has(4) && has(5) == has(6) && has(6) == has(7) &&
                       (!has(5) || has(2)) && (value & ~(std::uint64_t{components.edx} << 32 | components.eax)) == 0;
    if (legal)
        hardware().xcr0 = value;
    return legal;
}

inline void xsetbv0(std::uint64_t value) {
    VMM_ASSERT(xsetbv0_safe(value)); // #GP in the VMM
}

// Of an XSAVE area: APM vol. 2, 11.5.9. Where a component lies does not matter, as long as it is there.
struct VectorArea {
    std::uint16_t fpu_control;
    std::byte unused1[22];
    std::uint32_t mxcsr;
    std::byte unused2[484];
    std::uint64_t present, compacted, reserved[6];
    std::uint64_t components[64];
};
static_assert(offsetof(VectorArea, mxcsr) == 24 && offsetof(VectorArea, present) == 512);

inline VectorArea &vector_area(const void *area) {
    VMM_ASSERT(reinterpret_cast<std::uint64_t>(area) % 64 == 0); // #GP in the VMM
    return *static_cast<VectorArea *>(const_cast<void *>(area));
}
inline void fxsave(void *area) {
    VectorArea &to = vector_area(area);
    to.fpu_control = hardware().fpu_control;
    to.mxcsr = hardware().mxcsr;
    for (unsigned n = 0; n < 2; n++)
        to.components[n] = hardware().vectors[n];
}
inline void fxrstor(const void *area) {
    const VectorArea &from = vector_area(area);
    hardware().fpu_control = from.fpu_control;
    hardware().mxcsr = from.mxcsr;
    for (unsigned n = 0; n < 2; n++)
        hardware().vectors[n] = from.components[n];
}
// APM vol. 4, XSAVE and XRSTOR: components that XCR0 has not are left alone, those that are not in the area become what
// they are after reset.
inline void xsave(void *area, std::uint64_t components) {
    VectorArea &to = vector_area(area);
    components &= hardware().xcr0;
    to.fpu_control = components & 1 ? hardware().fpu_control : to.fpu_control;
    to.mxcsr = components & 6 ? hardware().mxcsr : to.mxcsr;
    for (unsigned n = 0; n < 64; n++)
        if (components >> n & 1)
            to.components[n] = hardware().vectors[n];
    to.present |= components;
}
inline void xrstor(const void *area, std::uint64_t components) {
    const VectorArea &from = vector_area(area);
    components &= hardware().xcr0;
    VMM_ASSERT(from.compacted == 0 && (from.present & ~hardware().xcr0) == 0); // #GP in the VMM
    if (components & 1)
        hardware().fpu_control = from.present & 1 ? from.fpu_control : 0x37f;
    hardware().mxcsr = components & 6 ? from.mxcsr : hardware().mxcsr;
    for (unsigned n = 0; n < 64; n++)
        if (components >> n & 1)
            hardware().vectors[n] = from.present >> n & 1 ? from.components[n] : 0;
}

inline void wbinvd() {
    hardware().wbinvds++;
}
inline void sti() {
    hardware().trace.emplace_back("sti");
}
inline void cli() {
    hardware().trace.emplace_back("cli");
}

} // namespace vmm::x86
