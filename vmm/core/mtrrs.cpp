// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/console_nested.hpp"
#include "vmm/x86/intrinsics.hpp"

namespace vmm {

Mtrrs read_mtrrs() {
    using namespace x86;
    constexpr std::uint32_t kFixed[] = {msr::MtrrFix64k, msr::MtrrFix16k0, msr::MtrrFix16k1};
    Mtrrs mtrrs;
    if (!(cpuid(1).edx & 1u << 12)) { // no MTRRs: the firmware's word is that all is write-back
        mtrrs.def_type = bit(11) | static_cast<std::uint64_t>(MemoryType::WriteBack);
        return mtrrs;
    }
    mtrrs.def_type = rdmsr(msr::MtrrDefType);
    mtrrs.physical_bits = cpuid(0x80000008).eax & 0xff;
    for (unsigned i = 0; i < 3; i++)
        mtrrs.fixed[i] = rdmsr(kFixed[i]);
    for (unsigned i = 0; i < 8; i++)
        mtrrs.fixed[3 + i] = rdmsr(msr::MtrrFix4k0 + i);
    mtrrs.variable_count = std::min<unsigned>(rdmsr(msr::MtrrCap) & 0xff, Mtrrs::kVariable);
    for (unsigned i = 0; i < mtrrs.variable_count; i++)
        mtrrs.variable[i] = {rdmsr(msr::MtrrPhysBase0 + 2 * i), rdmsr(msr::MtrrPhysBase0 + 2 * i + 1)};
    return mtrrs;
}

} // namespace vmm
