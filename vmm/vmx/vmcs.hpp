// SPDX-License-Identifier: GPL-2.0-only
// The virtual-machine control structure: fields by their encodings (SDM vol. 3, appendix B), the bits of its controls
// (25.6 to 25.8) and the layouts of what exits report (28.2). Names are the manual's.
#pragma once

#include "vmm/base/bits.hpp"

namespace vmm::vmx {

enum class VmcsField : std::uint32_t {
    // 16 bits, control
    Vpid = 0x0000,
    PostedInterruptVector = 0x0002,
    EptpIndex = 0x0004,
    // 16 bits, guest
    GuestEsSelector = 0x0800,
    GuestCsSelector = 0x0802,
    GuestSsSelector = 0x0804,
    GuestDsSelector = 0x0806,
    GuestFsSelector = 0x0808,
    GuestGsSelector = 0x080a,
    GuestLdtrSelector = 0x080c,
    GuestTrSelector = 0x080e,
    GuestInterruptStatus = 0x0810,
    PmlIndex = 0x0812,
    // 16 bits, host
    HostEsSelector = 0x0c00,
    HostCsSelector = 0x0c02,
    HostSsSelector = 0x0c04,
    HostDsSelector = 0x0c06,
    HostFsSelector = 0x0c08,
    HostGsSelector = 0x0c0a,
    HostTrSelector = 0x0c0c,
    // 64 bits, control
    IoBitmapA = 0x2000,
    IoBitmapB = 0x2002,
    MsrBitmap = 0x2004,
    VmExitMsrStoreAddress = 0x2006,
    VmExitMsrLoadAddress = 0x2008,
    VmEntryMsrLoadAddress = 0x200a,
    ExecutiveVmcsPointer = 0x200c,
    PmlAddress = 0x200e,
    TscOffset = 0x2010,
    VirtualApicPageAddress = 0x2012,
    ApicAccessAddress = 0x2014,
    PostedInterruptDescriptor = 0x2016,
    VmFunctionControls = 0x2018,
    EptPointer = 0x201a,
    EoiExitBitmap0 = 0x201c,
    EoiExitBitmap1 = 0x201e,
    EoiExitBitmap2 = 0x2020,
    EoiExitBitmap3 = 0x2022,
    EptpListAddress = 0x2024,
    VmreadBitmap = 0x2026,
    VmwriteBitmap = 0x2028,
    VirtualizationExceptionAddress = 0x202a,
    XssExitingBitmap = 0x202c,
    EnclsExitingBitmap = 0x202e,
    SubPagePermissionTable = 0x2030,
    TscMultiplier = 0x2032,
    TertiaryControls = 0x2034,
    EnclvExitingBitmap = 0x2036,
    // 64 bits, read-only
    GuestPhysicalAddress = 0x2400,
    // 64 bits, guest
    VmcsLinkPointer = 0x2800,
    GuestDebugCtl = 0x2802,
    GuestPat = 0x2804,
    GuestEfer = 0x2806,
    GuestPerfGlobalCtrl = 0x2808,
    GuestPdpte0 = 0x280a,
    GuestPdpte1 = 0x280c,
    GuestPdpte2 = 0x280e,
    GuestPdpte3 = 0x2810,
    GuestBndcfgs = 0x2812,
    GuestRtitCtl = 0x2814,
    GuestLbrCtl = 0x2816,
    GuestPkrs = 0x2818,
    // 64 bits, host
    HostPat = 0x2c00,
    HostEfer = 0x2c02,
    HostPerfGlobalCtrl = 0x2c04,
    HostPkrs = 0x2c06,
    // 32 bits, control
    PinControls = 0x4000,
    ProcessorControls = 0x4002,
    ExceptionBitmap = 0x4004,
    PageFaultErrorMask = 0x4006,
    PageFaultErrorMatch = 0x4008,
    Cr3TargetCount = 0x400a,
    ExitControls = 0x400c,
    VmExitMsrStoreCount = 0x400e,
    VmExitMsrLoadCount = 0x4010,
    EntryControls = 0x4012,
    VmEntryMsrLoadCount = 0x4014,
    VmEntryInterruptionInfo = 0x4016,
    VmEntryExceptionErrorCode = 0x4018,
    VmEntryInstructionLength = 0x401a,
    TprThreshold = 0x401c,
    SecondaryControls = 0x401e,
    PleGap = 0x4020,
    PleWindow = 0x4022,
    // 32 bits, read-only
    VmInstructionError = 0x4400,
    ExitReason = 0x4402,
    VmExitInterruptionInfo = 0x4404,
    VmExitInterruptionErrorCode = 0x4406,
    IdtVectoringInfo = 0x4408,
    IdtVectoringErrorCode = 0x440a,
    VmExitInstructionLength = 0x440c,
    VmExitInstructionInfo = 0x440e,
    // 32 bits, guest
    GuestEsLimit = 0x4800,
    GuestCsLimit = 0x4802,
    GuestSsLimit = 0x4804,
    GuestDsLimit = 0x4806,
    GuestFsLimit = 0x4808,
    GuestGsLimit = 0x480a,
    GuestLdtrLimit = 0x480c,
    GuestTrLimit = 0x480e,
    GuestGdtrLimit = 0x4810,
    GuestIdtrLimit = 0x4812,
    GuestEsAccessRights = 0x4814,
    GuestCsAccessRights = 0x4816,
    GuestSsAccessRights = 0x4818,
    GuestDsAccessRights = 0x481a,
    GuestFsAccessRights = 0x481c,
    GuestGsAccessRights = 0x481e,
    GuestLdtrAccessRights = 0x4820,
    GuestTrAccessRights = 0x4822,
    GuestInterruptibility = 0x4824,
    GuestActivity = 0x4826,
    GuestSmbase = 0x4828,
    GuestSysenterCs = 0x482a,
    PreemptionTimer = 0x482e,
    // 32 bits, host
    HostSysenterCs = 0x4c00,
    // Natural width, control
    Cr0GuestHostMask = 0x6000,
    Cr4GuestHostMask = 0x6002,
    Cr0ReadShadow = 0x6004,
    Cr4ReadShadow = 0x6006,
    Cr3Target0 = 0x6008,
    Cr3Target1 = 0x600a,
    Cr3Target2 = 0x600c,
    Cr3Target3 = 0x600e,
    // Natural width, read-only
    ExitQualification = 0x6400,
    IoRcx = 0x6402,
    IoRsi = 0x6404,
    IoRdi = 0x6406,
    IoRip = 0x6408,
    GuestLinearAddress = 0x640a,
    // Natural width, guest
    GuestCr0 = 0x6800,
    GuestCr3 = 0x6802,
    GuestCr4 = 0x6804,
    GuestEsBase = 0x6806,
    GuestCsBase = 0x6808,
    GuestSsBase = 0x680a,
    GuestDsBase = 0x680c,
    GuestFsBase = 0x680e,
    GuestGsBase = 0x6810,
    GuestLdtrBase = 0x6812,
    GuestTrBase = 0x6814,
    GuestGdtrBase = 0x6816,
    GuestIdtrBase = 0x6818,
    GuestDr7 = 0x681a,
    GuestRsp = 0x681c,
    GuestRip = 0x681e,
    GuestRflags = 0x6820,
    PendingDebugExceptions = 0x6822,
    GuestSysenterEsp = 0x6824,
    GuestSysenterEip = 0x6826,
    GuestSCet = 0x6828,
    GuestSsp = 0x682a,
    GuestInterruptSspTable = 0x682c,
    // Natural width, host
    HostCr0 = 0x6c00,
    HostCr3 = 0x6c02,
    HostCr4 = 0x6c04,
    HostFsBase = 0x6c06,
    HostGsBase = 0x6c08,
    HostTrBase = 0x6c0a,
    HostGdtrBase = 0x6c0c,
    HostIdtrBase = 0x6c0e,
    HostSysenterEsp = 0x6c10,
    HostSysenterEip = 0x6c12,
    HostRsp = 0x6c14,
    HostRip = 0x6c16,
    HostSCet = 0x6c18,
    HostSsp = 0x6c1a,
    HostInterruptSspTable = 0x6c1c,
};

// How an encoding is made up, 25.11.2 and appendix B.
namespace encoding {
enum class Width : std::uint8_t { Bits16, Bits64, Bits32, Natural };
enum class Type : std::uint8_t { Control, ReadOnly, Guest, Host };
using AccessHigh = Field<0, 0, std::uint8_t>;
using Index = Field<9, 1, std::uint16_t>;
using TypeField = Field<11, 10, Type>;
using WidthField = Field<14, 13, Width>;
} // namespace encoding

// The eight segment registers have their fields in this order, two apart: selector, limit, access rights and base.
enum class SegmentIndex : std::uint8_t { Es, Cs, Ss, Ds, Fs, Gs, Ldtr, Tr };
constexpr VmcsField field_of(VmcsField of_es, SegmentIndex segment) {
    return static_cast<VmcsField>(static_cast<std::uint32_t>(of_es) + 2 * static_cast<std::uint32_t>(segment));
}

// Basic exit reasons, appendix C.
enum class ExitReason : std::uint16_t {
    ExceptionOrNmi = 0,
    ExternalInterrupt = 1,
    TripleFault = 2,
    Init = 3,
    Sipi = 4,
    IoSmi = 5,
    OtherSmi = 6,
    InterruptWindow = 7,
    NmiWindow = 8,
    TaskSwitch = 9,
    Cpuid = 10,
    Getsec = 11,
    Hlt = 12,
    Invd = 13,
    Invlpg = 14,
    Rdpmc = 15,
    Rdtsc = 16,
    Rsm = 17,
    Vmcall = 18,
    Vmclear = 19,
    Vmlaunch = 20,
    Vmptrld = 21,
    Vmptrst = 22,
    Vmread = 23,
    Vmresume = 24,
    Vmwrite = 25,
    Vmxoff = 26,
    Vmxon = 27,
    ControlRegister = 28,
    MovDr = 29,
    Io = 30,
    Rdmsr = 31,
    Wrmsr = 32,
    EntryFailureGuestState = 33,
    EntryFailureMsrLoading = 34,
    Mwait = 36,
    MonitorTrapFlag = 37,
    Monitor = 39,
    Pause = 40,
    EntryFailureMachineCheck = 41,
    TprBelowThreshold = 43,
    ApicAccess = 44,
    VirtualizedEoi = 45,
    GdtrOrIdtr = 46,
    LdtrOrTr = 47,
    EptViolation = 48,
    EptMisconfiguration = 49,
    Invept = 50,
    Rdtscp = 51,
    PreemptionTimer = 52,
    Invvpid = 53,
    Wbinvd = 54,
    Xsetbv = 55,
    ApicWrite = 56,
    Rdrand = 57,
    Invpcid = 58,
    Vmfunc = 59,
    Encls = 60,
    Rdseed = 61,
    PmlFull = 62,
    Xsaves = 63,
    Xrstors = 64,
    Pconfig = 65,
    SubPagePermission = 66,
    Umwait = 67,
    Tpause = 68,
    Loadiwkey = 69,
};

// The field ExitReason, 25.9.1.
namespace exit_reason {
using Basic = Field<15, 0, ExitReason>;
inline constexpr std::uint32_t ShadowStackBusy = 1u << 25, InEnclave = 1u << 27, PendingMtf = 1u << 28,
                               FromRoot = 1u << 29, EntryFailure = 1u << 31;
} // namespace exit_reason

// 25.6.1
namespace pin {
inline constexpr std::uint32_t ExternalInterrupt = 1u << 0, Nmi = 1u << 3, VirtualNmis = 1u << 5,
                               PreemptionTimer = 1u << 6, PostedInterrupts = 1u << 7;
}

// Primary processor-based controls, 25.6.2.
namespace processor {
inline constexpr std::uint32_t InterruptWindow = 1u << 2, TscOffsetting = 1u << 3, Hlt = 1u << 7, Invlpg = 1u << 9,
                               Mwait = 1u << 10, Rdpmc = 1u << 11, Rdtsc = 1u << 12, Cr3Load = 1u << 15,
                               Cr3Store = 1u << 16, Tertiary = 1u << 17, Cr8Load = 1u << 19, Cr8Store = 1u << 20,
                               TprShadow = 1u << 21, NmiWindow = 1u << 22, MovDr = 1u << 23, UnconditionalIo = 1u << 24,
                               IoBitmaps = 1u << 25, MonitorTrapFlag = 1u << 27, MsrBitmaps = 1u << 28,
                               Monitor = 1u << 29, Pause = 1u << 30, Secondary = 1u << 31;
}

// Secondary processor-based controls, 25.6.2.
namespace secondary {
inline constexpr std::uint32_t ApicAccesses = 1u << 0, Ept = 1u << 1, DescriptorTables = 1u << 2, Rdtscp = 1u << 3,
                               X2apicMode = 1u << 4, Vpid = 1u << 5, Wbinvd = 1u << 6, UnrestrictedGuest = 1u << 7,
                               ApicRegisters = 1u << 8, VirtualInterruptDelivery = 1u << 9, PauseLoop = 1u << 10,
                               Rdrand = 1u << 11, Invpcid = 1u << 12, Vmfunc = 1u << 13, VmcsShadowing = 1u << 14,
                               Encls = 1u << 15, Rdseed = 1u << 16, Pml = 1u << 17, VirtualizationException = 1u << 18,
                               ConcealFromPt = 1u << 19, Xsaves = 1u << 20, ModeBasedExecute = 1u << 22,
                               SubPagePermissions = 1u << 23, PtUsesGuestPhysical = 1u << 24, TscScaling = 1u << 25,
                               UserWaitAndPause = 1u << 26, Pconfig = 1u << 27, Enclv = 1u << 28,
                               BusLockDetection = 1u << 30, InstructionTimeout = 1u << 31;
}

// 25.7.1
namespace exit_control {
inline constexpr std::uint32_t SaveDebugControls = 1u << 2, HostAddressSpaceSize = 1u << 9,
                               LoadPerfGlobalCtrl = 1u << 12, AcknowledgeInterrupt = 1u << 15, SavePat = 1u << 18,
                               LoadPat = 1u << 19, SaveEfer = 1u << 20, LoadEfer = 1u << 21,
                               SavePreemptionTimer = 1u << 22, ClearBndcfgs = 1u << 23, ConcealFromPt = 1u << 24,
                               ClearRtitCtl = 1u << 25, ClearLbrCtl = 1u << 26, LoadCet = 1u << 28, LoadPkrs = 1u << 29,
                               SavePerfGlobalCtrl = 1u << 30, Secondary = 1u << 31;
}

// 25.8.1
namespace entry_control {
inline constexpr std::uint32_t LoadDebugControls = 1u << 2, Ia32eModeGuest = 1u << 9, EntryToSmm = 1u << 10,
                               DeactivateDualMonitor = 1u << 11, LoadPerfGlobalCtrl = 1u << 13, LoadPat = 1u << 14,
                               LoadEfer = 1u << 15, LoadBndcfgs = 1u << 16, ConcealFromPt = 1u << 17,
                               LoadRtitCtl = 1u << 18, LoadCet = 1u << 20, LoadLbrCtl = 1u << 21, LoadPkrs = 1u << 22;
}

// VM-entry and VM-exit interruption information and IDT-vectoring information share a layout: 25.8.3, 25.9.2, 25.9.3.
namespace interruption {
enum class Type : std::uint8_t {
    ExternalInterrupt = 0,
    Reserved = 1,
    Nmi = 2,
    HardwareException = 3,
    SoftwareInterrupt = 4,
    PrivilegedSoftwareException = 5, // INT1
    SoftwareException = 6,           // INT3, INTO
    OtherEvent = 7,
};
using Vector = Field<7, 0, std::uint8_t>;
using TypeField = Field<10, 8, Type>;
inline constexpr std::uint32_t HasError = 1u << 11, NmiUnblocking = 1u << 12, Valid = 1u << 31;
inline constexpr std::uint32_t kEntryReserved = 0x7ffff000; // bits 30:12 of what an entry injects

constexpr std::uint32_t make(Type type, std::uint8_t vector, bool has_error = false) {
    return static_cast<std::uint32_t>(Valid | TypeField::make(type) | Vector::make(vector) |
                                      (has_error ? HasError : 0));
}
// Injected with the length of the instruction that raised it.
constexpr bool is_software(Type type) {
    return type == Type::SoftwareInterrupt || type == Type::PrivilegedSoftwareException ||
           type == Type::SoftwareException;
}
} // namespace interruption

// 25.4.2
namespace interruptibility {
inline constexpr std::uint32_t BlockingBySti = 1u << 0, BlockingByMovSs = 1u << 1, BlockingBySmi = 1u << 2,
                               BlockingByNmi = 1u << 3, EnclaveInterruption = 1u << 4;
}
enum class Activity : std::uint32_t { Active = 0, Hlt = 1, Shutdown = 2, WaitForSipi = 3 };

// The field PendingDebugExceptions, 25.4.2.
namespace pending_debug {
inline constexpr std::uint64_t Breakpoints = 0xf, BusLock = bit(11), EnabledBreakpoint = bit(12), SingleStep = bit(14),
                               Rtm = bit(16);
}

// Exit qualification of IN, OUT, INS and OUTS, 28.2.1.
namespace io {
using SizeField = Field<2, 0, std::uint8_t>; // bytes less one
inline constexpr std::uint64_t In = bit(3), String = bit(4), Rep = bit(5), Immediate = bit(6);
using Port = Field<31, 16, std::uint16_t>;
constexpr unsigned size(std::uint64_t qualification) {
    return SizeField::get(qualification) + 1u;
}
} // namespace io
// VM-exit instruction information of INS and OUTS, 28.2.5.
namespace string_io {
using AddressSize = Field<9, 7, std::uint8_t>; // 0, 1, 2: 16, 32, 64 bits
using Segment = Field<17, 15, SegmentIndex>;   // OUTS only
} // namespace string_io

// Exit qualification of accesses to control registers, 28.2.1.
namespace cr_access {
enum class Type : std::uint8_t { MovTo = 0, MovFrom = 1, Clts = 2, Lmsw = 3 };
using Register = Field<3, 0, std::uint8_t>;
using TypeField = Field<5, 4, Type>;
inline constexpr std::uint64_t LmswMemory = bit(6);
using Gpr = Field<11, 8, std::uint8_t>;
using LmswSource = Field<31, 16, std::uint16_t>;
} // namespace cr_access

// Exit qualification of MOV DR, 28.2.1.
namespace dr_access {
using Register = Field<2, 0, std::uint8_t>;
inline constexpr std::uint64_t FromDr = bit(4);
using Gpr = Field<11, 8, std::uint8_t>;
} // namespace dr_access

// Exit qualification of debug exceptions, 28.2.1: as DR6 has them.
namespace debug_exit {
inline constexpr std::uint64_t Breakpoints = 0xf, BusLock = bit(11), DebugRegister = bit(13), SingleStep = bit(14),
                               Rtm = bit(16);
}

// Exit qualification of EPT violations, 28.2.1.
namespace ept_violation {
inline constexpr std::uint64_t Read = bit(0), Write = bit(1), Fetch = bit(2), Readable = bit(3), Writable = bit(4),
                               Executable = bit(5), LinearValid = bit(7), FinalTranslation = bit(8),
                               NmiUnblocking = bit(12), ShadowStack = bit(13), Asynchronous = bit(16);
}

// Exit qualification of a task switch, 28.2.1.
namespace task_switch {
enum class Source : std::uint8_t { Call = 0, Iret = 1, Jmp = 2, Gate = 3 };
using Selector = Field<15, 0, std::uint16_t>;
using SourceField = Field<31, 30, Source>;
} // namespace task_switch

// The extended-page-table pointer, 25.6.11.
namespace eptp {
using MemoryType = Field<2, 0, std::uint8_t>;
using WalkLess1 = Field<5, 3, std::uint8_t>; // levels less one
inline constexpr std::uint64_t AccessedAndDirty = bit(6), SupervisorShadowStacks = bit(7);
inline constexpr std::uint8_t kUncacheable = 0, kWriteBack = 6;

constexpr std::uint64_t make(std::uint64_t root, unsigned levels, bool accessed_and_dirty) {
    return root | MemoryType::make(kWriteBack) | WalkLess1::make(static_cast<std::uint8_t>(levels - 1)) |
           (accessed_and_dirty ? AccessedAndDirty : 0);
}
} // namespace eptp

inline constexpr std::uint64_t kNoVmcsLink = ~0ull; // 25.4.2

// Access rights of a segment, 25.4.1: as a descriptor has them, with one bit that no descriptor has.
namespace access_rights {
using Type = Field<3, 0, std::uint8_t>;
inline constexpr std::uint32_t CodeOrData = 1u << 4, Present = 1u << 7, Available = 1u << 12, Long = 1u << 13,
                               Default = 1u << 14, Granularity = 1u << 15, Unusable = 1u << 16;
using Dpl = Field<6, 5, std::uint8_t>;
inline constexpr std::uint32_t kReserved = 0xfffe0f00;

// From SegmentState's attributes: descriptor bits 47:40 in 7:0 and 55:52 in 11:8. What is not present cannot be used.
// The other bits are kept, as the DPL of SS is the CPL even where SS cannot be used.
constexpr std::uint32_t from_attributes(std::uint16_t attributes) {
    const std::uint32_t rights = (attributes & 0xffu) | (attributes & 0xf00u) << 4;
    return rights | (rights & Present ? 0 : Unusable);
}
constexpr std::uint16_t to_attributes(std::uint32_t rights) {
    const std::uint32_t present = rights & Unusable ? rights & ~Present : rights;
    return static_cast<std::uint16_t>((present & 0xff) | (present >> 4 & 0xf00));
}
} // namespace access_rights

} // namespace vmm::vmx
