// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/cpuid_facts.hpp"

#include <algorithm>
#include <cstring>

#include "vmnix/abi/hypercall/hypercall.h"

namespace console {

namespace {

// APM volume 3, appendix E.
constexpr std::uint32_t leaf_features = 1;
constexpr std::uint32_t leaf_structured = 7;
constexpr std::uint32_t leaf_xsave = 0xd;
constexpr std::uint32_t leaf_extended = 0x80000001;
constexpr std::uint32_t leaf_power = 0x80000007;
constexpr std::uint32_t leaf_sizes = 0x80000008;
constexpr std::uint32_t leaf_svm = 0x8000000a;

constexpr bool bit(std::uint32_t word, unsigned number) {
    return word >> number & 1;
}

// A leaf beyond the highest would repeat another one.
bool has_leaf(CpuProbe &probe, std::uint32_t leaf) {
    return probe.cpuid(leaf & 0xffff0000).eax >= leaf;
}

CpuidLeaf leaf_or_zero(CpuProbe &probe, std::uint32_t leaf, std::uint32_t subleaf = 0) {
    return has_leaf(probe, leaf) ? probe.cpuid(leaf, subleaf) : CpuidLeaf{};
}

void read_vendor(CpuProbe &probe, vmnix_facts &facts) {
    const CpuidLeaf leaf = probe.cpuid(0);
    std::memcpy(facts.vendor, &leaf.ebx, 4);
    std::memcpy(facts.vendor + 4, &leaf.edx, 4);
    std::memcpy(facts.vendor + 8, &leaf.ecx, 4);
    facts.vendor[12] = '\0';
}

bool under_vmnix(CpuProbe &probe) {
    constexpr unsigned hypervisor = 31;
    if (!bit(leaf_or_zero(probe, leaf_features).ecx, hypervisor))
        return false;
    const CpuidLeaf leaf = probe.cpuid(VMNIX_CPUID_BASE);
    return leaf.ebx == VMNIX_CPUID_EBX && leaf.ecx == VMNIX_CPUID_ECX && leaf.edx == VMNIX_CPUID_EDX;
}

} // namespace

void read_cpuid_facts(CpuProbe &probe, vmnix_facts &facts, bool first) {
    const bool svm = bit(leaf_or_zero(probe, leaf_extended).ecx, 2);
    const CpuidLeaf svm_leaf = svm ? leaf_or_zero(probe, leaf_svm) : CpuidLeaf{};
    if (first) {
        read_vendor(probe, facts);
        facts.under_vmnix = under_vmnix(probe);
        facts.vmx = facts.svm = facts.npt = facts.invariant_tsc = true;
        facts.svm_asids = ~0u;
        facts.physical_bits = leaf_or_zero(probe, leaf_sizes).eax & 0xff;
    }
    facts.vmx = facts.vmx && bit(leaf_or_zero(probe, leaf_features).ecx, 5);
    facts.svm = facts.svm && svm;
    facts.npt = facts.npt && bit(svm_leaf.edx, 0);
    facts.svm_asids = std::min(facts.svm_asids, svm_leaf.ebx);
    facts.invariant_tsc = facts.invariant_tsc && bit(leaf_or_zero(probe, leaf_power).edx, 8);
}

bool has_osxsave(CpuProbe &probe) {
    return bit(leaf_or_zero(probe, leaf_features).ecx, 27);
}

bool has_xss(CpuProbe &probe) {
    return bit(leaf_or_zero(probe, leaf_xsave, 1).eax, 3);
}

bool has_cet(CpuProbe &probe) {
    const CpuidLeaf leaf = leaf_or_zero(probe, leaf_structured);
    return bit(leaf.ecx, 7) || bit(leaf.edx, 20);
}

} // namespace console
