// SPDX-License-Identifier: GPL-2.0-only
// Architectural registers and bits under the manuals' names. AMD64 Architecture Programmer's Manual (APM) vol. 2.
#pragma once

#include "vmm/base/bits.hpp"

namespace vmm::x86 {

namespace cr0 {
inline constexpr std::uint64_t PE = bit(0), MP = bit(1), EM = bit(2), TS = bit(3), ET = bit(4), NE = bit(5),
                               WP = bit(16), AM = bit(18), NW = bit(29), CD = bit(30), PG = bit(31);
}

namespace cr4 {
inline constexpr std::uint64_t PSE = bit(4), PAE = bit(5), MCE = bit(6), PGE = bit(7), OSFXSR = bit(9),
                               OSXMMEXCPT = bit(10), UMIP = bit(11), LA57 = bit(12), VMXE = bit(13), FSGSBASE = bit(16),
                               PCIDE = bit(17), OSXSAVE = bit(18), SMEP = bit(20), SMAP = bit(21), PKE = bit(22),
                               CET = bit(23);
}

namespace rflags {
inline constexpr std::uint64_t CF = bit(0), Fixed = bit(1), PF = bit(2), AF = bit(4), ZF = bit(6), SF = bit(7),
                               TF = bit(8), IF = bit(9), DF = bit(10), OF = bit(11), RF = bit(16), VM = bit(17);
}

namespace efer {
inline constexpr std::uint64_t SCE = bit(0), LME = bit(8), LMA = bit(10), NXE = bit(11), SVME = bit(12),
                               FFXSR = bit(14), TCE = bit(15), AIBRSE = bit(21);
}

namespace dr7 {
inline constexpr std::uint64_t Reset = 0x400;
}

namespace msr {
inline constexpr std::uint32_t Tsc = 0x10, PlatformId = 0x17, ApicBase = 0x1b, FeatureControl = 0x3a, TscAdjust = 0x3b,
                               SpecCtrl = 0x48, PredCmd = 0x49, MicrocodeTrigger = 0x79, MicrocodeRevision = 0x8b,
                               MtrrCap = 0xfe, SysenterCs = 0x174, SysenterEsp = 0x175, SysenterEip = 0x176,
                               McgCap = 0x179, McgStatus = 0x17a, MiscEnable = 0x1a0, DebugCtl = 0x1d9,
                               MtrrPhysBase0 = 0x200, MtrrPhysMaskLast = 0x21f, MtrrFix64k = 0x250, MtrrFix16k0 = 0x258,
                               MtrrFix16k1 = 0x259, MtrrFix4k0 = 0x268, MtrrFix4kLast = 0x26f, Pat = 0x277,
                               MtrrDefType = 0x2ff, VmxBasic = 0x480, VmxLast = 0x493, TscDeadline = 0x6e0,
                               X2apicFirst = 0x800, X2apicLast = 0x8ff, Efer = 0xc0000080, Star = 0xc0000081,
                               Lstar = 0xc0000082, Cstar = 0xc0000083, Sfmask = 0xc0000084, FsBase = 0xc0000100,
                               GsBase = 0xc0000101, KernelGsBase = 0xc0000102, TscAux = 0xc0000103, SysCfg = 0xc0010010,
                               HwCr = 0xc0010015, TopMem2 = 0xc001001d, NbCfg = 0xc001001f, PatchLoader = 0xc0010020,
                               VmCr = 0xc0010114, VmHsavePa = 0xc0010117, SvmKey = 0xc0010118, SmmKey = 0xc0010119,
                               OsvwLength = 0xc0010140, OsvwStatus = 0xc0010141, LsCfg = 0xc0011020, DeCfg = 0xc0011029;
}

enum class Vector : std::uint8_t {
    DivideError = 0,
    Debug = 1,
    Nmi = 2,
    Breakpoint = 3,
    InvalidOpcode = 6,
    DoubleFault = 8,
    InvalidTss = 10,
    SegmentNotPresent = 11,
    StackFault = 12,
    GeneralProtection = 13,
    PageFault = 14,
    AlignmentCheck = 17,
    MachineCheck = 18,
};

// Order of the general registers in instruction encodings, APM vol. 3, 1.2.7.
enum class Gpr : std::uint8_t { Rax, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi, R8, R9, R10, R11, R12, R13, R14, R15 };

} // namespace vmm::x86
