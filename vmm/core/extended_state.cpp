// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/extended_state.hpp"

#include "vmm/core/vmm.hpp"
#include "vmm/x86/intrinsics.hpp"

namespace vmm {
namespace {

constexpr std::uint32_t kXsaveLeaf = 0xd;

// XSETBV serialises, and kernels set all that there is.
void switch_xcr0(std::uint64_t from, std::uint64_t to) {
    if (from != to)
        x86::xsetbv0(to);
}

} // namespace

Result<ExtendedFeatures> learn_extended_features() {
    constexpr std::uint32_t kOsxsave = 1u << 27, kRdtscp = 1u << 27;
    constexpr std::uint32_t kIbpb = 1u << 12, kIbrs = 1u << 14, kStibp = 1u << 15, kSsbd = 1u << 24;
    ExtendedFeatures features;
    if (x86::cpuid(1).ecx & kOsxsave) {
        const x86::CpuidResult xsave = x86::cpuid(kXsaveLeaf);
        features.xcr0 = (std::uint64_t{xsave.edx} << 32 | xsave.eax) & kKnownXcr0;
        if (xsave.ecx > kPageSize) // with every component that the CPU has
            return Errc::Unsupported;
    }
    features.tsc_aux = x86::cpuid(0x80000001).edx & kRdtscp;
    const std::uint32_t speculation = x86::cpuid(0x80000000).eax >= 0x80000008 ? x86::cpuid(0x80000008).ebx : 0;
    features.spec_ctrl = speculation & (kIbrs | kStibp | kSsbd);
    features.prediction_barrier = speculation & kIbpb;
    return features;
}

// FXSAVE area: APM vol. 2, figure 11-8.
void reset_extended(ExtendedState &state) {
    constexpr std::uint32_t kMxcsrReset = 0x1f80, kMxcsrAt = 24;
    constexpr std::uint16_t kControlWordReset = 0x37f;
    std::byte *vectors = state.vectors;
    state = {.vectors = vectors};
    __builtin_memset(vectors, 0, kPageSize);
    __builtin_memcpy(vectors, &kControlWordReset, sizeof(kControlWordReset));
    __builtin_memcpy(vectors + kMxcsrAt, &kMxcsrReset, sizeof(kMxcsrReset));
}

void save_extended(ExtendedState &state) {
    const ExtendedFeatures &features = g_vmm.extended;
    if (features.xcr0 != 0) {
        state.xcr0 = x86::xgetbv0();
        switch_xcr0(state.xcr0, features.xcr0); // what the guest has switched off keeps its value, and is the guest's
        x86::xsave(state.vectors, features.xcr0);
        switch_xcr0(features.xcr0, state.xcr0); // it may be its turn again
    } else {
        x86::fxsave(state.vectors);
    }
    state.debug = {x86::read_dr0(), x86::read_dr1(), x86::read_dr2(), x86::read_dr3()};
    if (features.tsc_aux)
        state.tsc_aux = x86::rdmsr(x86::msr::TscAux);
    if (features.spec_ctrl)
        state.spec_ctrl = x86::rdmsr(x86::msr::SpecCtrl);
}

void restore_extended(const ExtendedState &state) {
    const ExtendedFeatures &features = g_vmm.extended;
    if (features.xcr0 != 0) {
        switch_xcr0(x86::xgetbv0(), features.xcr0);
        x86::xrstor(state.vectors, features.xcr0);
        switch_xcr0(features.xcr0, state.xcr0);
    } else {
        x86::fxrstor(state.vectors);
    }
    x86::write_dr0(state.debug[0]);
    x86::write_dr1(state.debug[1]);
    x86::write_dr2(state.debug[2]);
    x86::write_dr3(state.debug[3]);
    if (features.tsc_aux)
        x86::wrmsr(x86::msr::TscAux, state.tsc_aux);
    if (features.spec_ctrl)
        x86::wrmsr(x86::msr::SpecCtrl, state.spec_ctrl);
    // The branch history of one world must not steer another: APM vol. 2, 3.2.9.
    if (features.prediction_barrier)
        x86::wrmsr(x86::msr::PredCmd, 1);
}

} // namespace vmm
