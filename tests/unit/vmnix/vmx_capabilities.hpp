// SPDX-License-Identifier: GPL-2.0-only
// VT-x capability MSRs as three CPU models of Bochs 3.0 answer: IA32_VMX_BASIC (0x480) to IA32_VMX_VMFUNC (0x491), read
// by a boot sector.
#pragma once

#include <array>
#include <cstdint>

namespace vmnix_unit {

struct VmxCapabilities {
    const char *model;
    std::array<std::uint64_t, 18> msrs;
};

inline constexpr VmxCapabilities kVmxCapabilities[] = {
    {"corei7_haswell_4770",
     {{0xd810000000002b, 0x7f00000016, 0xfff9fffe0401e172, 0x407fffff00036dff, 0xffff000011ff, 0x200401e0, 0x80000021,
       0xffffffff, 0x2000, 0x1727ff, 0x50, 0x47fff00000000, 0xf0106334141, 0x7f00000016, 0xfff9fffe04006172,
       0x407fffff00036dfb, 0xffff000011fb, 0x1}}},
    {"corei7_skylake_x",
     {{0xd810000000002b, 0xff00000016, 0xfff9fffe0401e172, 0x407fffff00036dff, 0xffff000011ff, 0x600401e0, 0x80000021,
       0xffffffff, 0x2000, 0x3727ff, 0x50, 0x2577fff00000000, 0xf0106734141, 0xff00000016, 0xfff9fffe04006172,
       0x407fffff00036dfb, 0xffff000011fb, 0x1}}},
    {"tigerlake",
     {{0x1d8100000000004, 0xff00000016, 0xfff9fffe0401e172, 0xd07fffff00036dff, 0x10ffff000011ff, 0x600401e0,
       0x80000021, 0xffffffff, 0x2000, 0xf72fff, 0x50, 0x2d77fff00000000, 0xf0106f34141, 0xff00000016,
       0xfff9fffe04006172, 0xd07fffff00036dfb, 0x10ffff000011fb, 0x1}}},
};

} // namespace vmnix_unit
