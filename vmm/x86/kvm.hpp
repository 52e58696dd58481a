// SPDX-License-Identifier: GPL-2.0-only
// KVM's paravirtual interface: signature, features, MSRs. Linux, Documentation/virt/kvm/x86/cpuid.rst and msr.rst.
#pragma once

#include <cstdint>

namespace vmm {

inline constexpr std::uint32_t kKvmSignatureEbx = 0x4b4d564b, kKvmSignatureEcx = 0x564b4d56,
                               kKvmSignatureEdx = 0x0000004d; // "KVMKVMKVM"
inline constexpr std::uint32_t kKvmNoIoDelay = 1u << 1, kKvmClock2 = 1u << 3, kKvmStealTimeBit = 1u << 5,
                               kKvmUnhalt = 1u << 7, kKvmSendIpi = 1u << 11, kKvmSchedYield = 1u << 13,
                               kKvmClockStable = 1u << 24;
inline constexpr std::uint32_t kKvmWallClock = 0x4b564d00, kKvmSystemTime = 0x4b564d01, kKvmStealTime = 0x4b564d03;

} // namespace vmm
