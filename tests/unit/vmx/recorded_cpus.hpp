// SPDX-License-Identifier: GPL-2.0-only
// Capability MSRs and CPUID leaves as read in real mode on models of Bochs 3.0.
#pragma once

#include "tests/unit/fakes/hardware.hpp"
#include "vmm/vmx/controls.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>

namespace vmm::test {

struct RecordedCpu {
    const char *name;
    std::map<std::uint32_t, std::uint64_t> msrs;
    std::map<std::pair<std::uint32_t, std::uint32_t>, x86::CpuidResult> leaves;

    // Throws where the CPU would raise #GP.
    std::uint64_t rdmsr(std::uint32_t index) const {
        const auto found = msrs.find(index);
        if (found == msrs.end())
            throw std::out_of_range("no MSR " + std::to_string(index));
        return found->second;
    }
    vmx::Capabilities capabilities() const {
        return vmx::read_capabilities([this](std::uint32_t index) { return rdmsr(index); });
    }
    x86::CpuidResult cpuid(std::uint32_t leaf, std::uint32_t subleaf) const { return leaves.at({leaf, subleaf}); }
};

inline const RecordedCpu &haswell() {
    static const RecordedCpu cpu{"corei7_haswell_4770",
                                 {{0x480, 0x00d8'1000'0000'002b},
                                  {0x481, 0x0000'007f'0000'0016},
                                  {0x482, 0xfff9'fffe'0401'e172},
                                  {0x483, 0x407f'ffff'0003'6dff},
                                  {0x484, 0x0000'ffff'0000'11ff},
                                  {0x485, 0x0000'0000'2004'01e0},
                                  {0x486, 0x0000'0000'8000'0021},
                                  {0x487, 0x0000'0000'ffff'ffff},
                                  {0x488, 0x0000'0000'0000'2000},
                                  {0x489, 0x0000'0000'0017'27ff},
                                  {0x48b, 0x0004'7fff'0000'0000},
                                  {0x48c, 0x0000'0f01'0633'4141},
                                  {0x48d, 0x0000'007f'0000'0016},
                                  {0x48e, 0xfff9'fffe'0400'6172},
                                  {0x48f, 0x407f'ffff'0003'6dfb},
                                  {0x490, 0x0000'ffff'0000'11fb}},
                                 {{{0x7, 0}, {0x00000000, 0x000027ab, 0x00000000, 0x00000000}},
                                  {{0xd, 1}, {0x00000001, 0x00000000, 0x00000000, 0x00000000}},
                                  {{0x80000001, 0}, {0x00000000, 0x00000000, 0x00000121, 0x2c100000}}}};
    return cpu;
}

inline const RecordedCpu &skylake() {
    static const RecordedCpu cpu{"corei7_skylake_x",
                                 {{0x480, 0x00d8'1000'0000'002b},
                                  {0x481, 0x0000'00ff'0000'0016},
                                  {0x482, 0xfff9'fffe'0401'e172},
                                  {0x483, 0x407f'ffff'0003'6dff},
                                  {0x484, 0x0000'ffff'0000'11ff},
                                  {0x485, 0x0000'0000'6004'01e0},
                                  {0x486, 0x0000'0000'8000'0021},
                                  {0x487, 0x0000'0000'ffff'ffff},
                                  {0x488, 0x0000'0000'0000'2000},
                                  {0x489, 0x0000'0000'0037'27ff},
                                  {0x48b, 0x0257'7fff'0000'0000},
                                  {0x48c, 0x0000'0f01'0673'4141},
                                  {0x48d, 0x0000'00ff'0000'0016},
                                  {0x48e, 0xfff9'fffe'0400'6172},
                                  {0x48f, 0x407f'ffff'0003'6dfb},
                                  {0x490, 0x0000'ffff'0000'11fb}},
                                 {{{0x7, 0}, {0x00000000, 0xd19f27eb, 0x00000000, 0x00000000}},
                                  {{0xd, 1}, {0x0000000f, 0x00000240, 0x00000000, 0x00000000}},
                                  {{0x80000001, 0}, {0x00000000, 0x00000000, 0x00000121, 0x2c100000}}}};
    return cpu;
}

inline const RecordedCpu &sapphire_rapids() {
    static const RecordedCpu cpu{"sapphire_rapids",
                                 {{0x480, 0x01d8'1000'0000'0004},
                                  {0x481, 0x0000'00ff'0000'0016},
                                  {0x482, 0xfffb'fffe'0401'e172},
                                  {0x483, 0xf87f'ffff'0003'6dff},
                                  {0x484, 0x0058'ffff'0000'11ff},
                                  {0x485, 0x0000'0000'6004'01e0},
                                  {0x486, 0x0000'0000'8000'0021},
                                  {0x487, 0x0000'0000'ffff'ffff},
                                  {0x488, 0x0000'0000'0000'2000},
                                  {0x489, 0x0000'0000'03f7'3fff},
                                  {0x48b, 0x06d7'7fff'0000'0000},
                                  {0x48c, 0x0000'0f01'06f3'4141},
                                  {0x48d, 0x0000'00ff'0000'0016},
                                  {0x48e, 0xfffb'fffe'0400'6172},
                                  {0x48f, 0xf87f'ffff'0003'6dfb},
                                  {0x490, 0x0058'ffff'0000'11fb}},
                                 {{{0x7, 0}, {0x00000002, 0xf1bf27eb, 0x98415fee, 0xffd04430}},
                                  {{0xd, 1}, {0x0000000f, 0x00000240, 0x00005800, 0x00000000}},
                                  {{0x80000001, 0}, {0x00000000, 0x00000000, 0x00000121, 0x2c100000}}}};
    return cpu;
}

// No large EPT pages of 1 GiB, no accessed and dirty bits, no INVPCID.
inline const RecordedCpu &ivy_bridge() {
    static const RecordedCpu cpu{"corei7_ivy_bridge_3770k",
                                 {{0x480, 0x00d8'1000'0000'002b},
                                  {0x481, 0x0000'007f'0000'0016},
                                  {0x482, 0xfff9'fffe'0401'e172},
                                  {0x483, 0x407f'ffff'0003'6dff},
                                  {0x484, 0x0000'ffff'0000'11ff},
                                  {0x485, 0x0000'0000'0004'01e0},
                                  {0x486, 0x0000'0000'8000'0021},
                                  {0x487, 0x0000'0000'ffff'ffff},
                                  {0x488, 0x0000'0000'0000'2000},
                                  {0x489, 0x0000'0000'0017'27ff},
                                  {0x48b, 0x0000'08ff'0000'0000},
                                  {0x48c, 0x0000'0f01'0611'4141},
                                  {0x48d, 0x0000'007f'0000'0016},
                                  {0x48e, 0xfff9'fffe'0400'6172},
                                  {0x48f, 0x407f'ffff'0003'6dfb},
                                  {0x490, 0x0000'ffff'0000'11fb}},
                                 {}};
    return cpu;
}

inline std::array<const RecordedCpu *, 4> recorded_cpus() {
    return {&haswell(), &skylake(), &sapphire_rapids(), &ivy_bridge()};
}

} // namespace vmm::test
