// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/backend.hpp"

#include "vmm/x86/intrinsics.hpp"

namespace vmm {

const Backend *choose_backend() {
    constexpr std::uint32_t kFeatures = 1, kVmxBit = 1u << 5, kExtended = 0x80000001, kSvmBit = 1u << 2;
    if (x86::cpuid(kExtended).ecx & kSvmBit)
        return &svm::kBackend;
    return x86::cpuid(kFeatures).ecx & kVmxBit ? &vmx::kBackend : nullptr;
}

} // namespace vmm
