// SPDX-License-Identifier: GPL-2.0-only
// Encodings, bits and layouts as SDM vol. 3, chapters 25 and 28 and appendices B and C print them.
#include "vmm/vmx/vmcs.hpp"

#include "vmm/core/segment.hpp"
#include "vmm/vmx/snapshot.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace vmm::vmx {
namespace {

using F = VmcsField;
using encoding::Type;
using encoding::Width;

constexpr F kGap{~0u}; // an index that the VMM has no name for

// Appendix B numbers the fields of each width and type in the order of its tables.
struct Table {
    const char *number;
    Width width;
    Type type;
    std::vector<F> fields;
};

const std::vector<Table> &tables() {
    static const std::vector<Table> all{
        {"B-1", Width::Bits16, Type::Control, {F::Vpid, F::PostedInterruptVector, F::EptpIndex}},
        {"B-2",
         Width::Bits16,
         Type::Guest,
         {F::GuestEsSelector, F::GuestCsSelector, F::GuestSsSelector, F::GuestDsSelector, F::GuestFsSelector,
          F::GuestGsSelector, F::GuestLdtrSelector, F::GuestTrSelector, F::GuestInterruptStatus, F::PmlIndex}},
        {"B-3",
         Width::Bits16,
         Type::Host,
         {F::HostEsSelector, F::HostCsSelector, F::HostSsSelector, F::HostDsSelector, F::HostFsSelector,
          F::HostGsSelector, F::HostTrSelector}},
        {"B-4",
         Width::Bits64,
         Type::Control,
         {F::IoBitmapA,
          F::IoBitmapB,
          F::MsrBitmap,
          F::VmExitMsrStoreAddress,
          F::VmExitMsrLoadAddress,
          F::VmEntryMsrLoadAddress,
          F::ExecutiveVmcsPointer,
          F::PmlAddress,
          F::TscOffset,
          F::VirtualApicPageAddress,
          F::ApicAccessAddress,
          F::PostedInterruptDescriptor,
          F::VmFunctionControls,
          F::EptPointer,
          F::EoiExitBitmap0,
          F::EoiExitBitmap1,
          F::EoiExitBitmap2,
          F::EoiExitBitmap3,
          F::EptpListAddress,
          F::VmreadBitmap,
          F::VmwriteBitmap,
          F::VirtualizationExceptionAddress,
          F::XssExitingBitmap,
          F::EnclsExitingBitmap,
          F::SubPagePermissionTable,
          F::TscMultiplier,
          F::TertiaryControls,
          F::EnclvExitingBitmap}},
        {"B-5", Width::Bits64, Type::ReadOnly, {F::GuestPhysicalAddress}},
        {"B-6",
         Width::Bits64,
         Type::Guest,
         {F::VmcsLinkPointer, F::GuestDebugCtl, F::GuestPat, F::GuestEfer, F::GuestPerfGlobalCtrl, F::GuestPdpte0,
          F::GuestPdpte1, F::GuestPdpte2, F::GuestPdpte3, F::GuestBndcfgs, F::GuestRtitCtl, F::GuestLbrCtl,
          F::GuestPkrs}},
        {"B-7", Width::Bits64, Type::Host, {F::HostPat, F::HostEfer, F::HostPerfGlobalCtrl, F::HostPkrs}},
        {"B-8",
         Width::Bits32,
         Type::Control,
         {F::PinControls, F::ProcessorControls, F::ExceptionBitmap, F::PageFaultErrorMask, F::PageFaultErrorMatch,
          F::Cr3TargetCount, F::ExitControls, F::VmExitMsrStoreCount, F::VmExitMsrLoadCount, F::EntryControls,
          F::VmEntryMsrLoadCount, F::VmEntryInterruptionInfo, F::VmEntryExceptionErrorCode, F::VmEntryInstructionLength,
          F::TprThreshold, F::SecondaryControls, F::PleGap, F::PleWindow}},
        {"B-9",
         Width::Bits32,
         Type::ReadOnly,
         {F::VmInstructionError, F::ExitReason, F::VmExitInterruptionInfo, F::VmExitInterruptionErrorCode,
          F::IdtVectoringInfo, F::IdtVectoringErrorCode, F::VmExitInstructionLength, F::VmExitInstructionInfo}},
        {"B-10",
         Width::Bits32,
         Type::Guest,
         {F::GuestEsLimit,
          F::GuestCsLimit,
          F::GuestSsLimit,
          F::GuestDsLimit,
          F::GuestFsLimit,
          F::GuestGsLimit,
          F::GuestLdtrLimit,
          F::GuestTrLimit,
          F::GuestGdtrLimit,
          F::GuestIdtrLimit,
          F::GuestEsAccessRights,
          F::GuestCsAccessRights,
          F::GuestSsAccessRights,
          F::GuestDsAccessRights,
          F::GuestFsAccessRights,
          F::GuestGsAccessRights,
          F::GuestLdtrAccessRights,
          F::GuestTrAccessRights,
          F::GuestInterruptibility,
          F::GuestActivity,
          F::GuestSmbase,
          F::GuestSysenterCs,
          kGap,
          F::PreemptionTimer}},
        {"B-11", Width::Bits32, Type::Host, {F::HostSysenterCs}},
        {"B-12",
         Width::Natural,
         Type::Control,
         {F::Cr0GuestHostMask, F::Cr4GuestHostMask, F::Cr0ReadShadow, F::Cr4ReadShadow, F::Cr3Target0, F::Cr3Target1,
          F::Cr3Target2, F::Cr3Target3}},
        {"B-13",
         Width::Natural,
         Type::ReadOnly,
         {F::ExitQualification, F::IoRcx, F::IoRsi, F::IoRdi, F::IoRip, F::GuestLinearAddress}},
        {"B-14",
         Width::Natural,
         Type::Guest,
         {F::GuestCr0,
          F::GuestCr3,
          F::GuestCr4,
          F::GuestEsBase,
          F::GuestCsBase,
          F::GuestSsBase,
          F::GuestDsBase,
          F::GuestFsBase,
          F::GuestGsBase,
          F::GuestLdtrBase,
          F::GuestTrBase,
          F::GuestGdtrBase,
          F::GuestIdtrBase,
          F::GuestDr7,
          F::GuestRsp,
          F::GuestRip,
          F::GuestRflags,
          F::PendingDebugExceptions,
          F::GuestSysenterEsp,
          F::GuestSysenterEip,
          F::GuestSCet,
          F::GuestSsp,
          F::GuestInterruptSspTable}},
        {"B-15",
         Width::Natural,
         Type::Host,
         {F::HostCr0, F::HostCr3, F::HostCr4, F::HostFsBase, F::HostGsBase, F::HostTrBase, F::HostGdtrBase,
          F::HostIdtrBase, F::HostSysenterEsp, F::HostSysenterEip, F::HostRsp, F::HostRip, F::HostSCet, F::HostSsp,
          F::HostInterruptSspTable}},
    };
    return all;
}

TEST(Vmcs, FieldsHaveTheWidthTypeAndIndexOfTheirTable) {
    std::set<F> seen;
    for (const Table &table : tables())
        for (std::size_t index = 0; index < table.fields.size(); index++) {
            if (table.fields[index] == kGap)
                continue;
            const auto number = static_cast<std::uint32_t>(table.fields[index]);
            EXPECT_EQ(encoding::WidthField::get(number), table.width) << table.number << " row " << index;
            EXPECT_EQ(encoding::TypeField::get(number), table.type) << table.number << " row " << index;
            EXPECT_EQ(encoding::Index::get(number), index) << table.number;
            EXPECT_EQ(encoding::AccessHigh::get(number), 0) << table.number << " row " << index;
            EXPECT_EQ(number >> 15 | (number >> 12 & 1), 0u) << table.number << " row " << index; // 31:15 and 12
            EXPECT_TRUE(seen.insert(table.fields[index]).second) << table.number << " row " << index;
        }
}

TEST(Vmcs, SpotValues) {
    struct {
        F field;
        std::uint32_t number;
    } const rows[] = {
        {F::Vpid, 0x0000},
        {F::GuestCsSelector, 0x0802},
        {F::GuestTrSelector, 0x080e},
        {F::HostTrSelector, 0x0c0c},
        {F::IoBitmapA, 0x2000},
        {F::MsrBitmap, 0x2004},
        {F::TscOffset, 0x2010},
        {F::EptPointer, 0x201a},
        {F::XssExitingBitmap, 0x202c},
        {F::TscMultiplier, 0x2032},
        {F::GuestPhysicalAddress, 0x2400},
        {F::VmcsLinkPointer, 0x2800},
        {F::GuestEfer, 0x2806},
        {F::GuestPdpte0, 0x280a},
        {F::HostPat, 0x2c00},
        {F::HostEfer, 0x2c02},
        {F::PinControls, 0x4000},
        {F::ExceptionBitmap, 0x4004},
        {F::ExitControls, 0x400c},
        {F::EntryControls, 0x4012},
        {F::VmEntryInterruptionInfo, 0x4016},
        {F::SecondaryControls, 0x401e},
        {F::VmInstructionError, 0x4400},
        {F::ExitReason, 0x4402},
        {F::IdtVectoringInfo, 0x4408},
        {F::VmExitInstructionLength, 0x440c},
        {F::GuestCsAccessRights, 0x4816},
        {F::GuestInterruptibility, 0x4824},
        {F::GuestActivity, 0x4826},
        {F::PreemptionTimer, 0x482e},
        {F::HostSysenterCs, 0x4c00},
        {F::Cr0GuestHostMask, 0x6000},
        {F::Cr4ReadShadow, 0x6006},
        {F::ExitQualification, 0x6400},
        {F::GuestLinearAddress, 0x640a},
        {F::GuestCr0, 0x6800},
        {F::GuestRsp, 0x681c},
        {F::GuestRip, 0x681e},
        {F::GuestRflags, 0x6820},
        {F::HostCr0, 0x6c00},
        {F::HostRsp, 0x6c14},
        {F::HostRip, 0x6c16},
    };
    for (const auto &row : rows)
        EXPECT_EQ(static_cast<std::uint32_t>(row.field), row.number) << std::hex << row.number;
}

TEST(Vmcs, SegmentFieldsByIndex) {
    EXPECT_EQ(field_of(F::GuestEsSelector, SegmentIndex::Es), F::GuestEsSelector);
    EXPECT_EQ(field_of(F::GuestEsSelector, SegmentIndex::Tr), F::GuestTrSelector);
    EXPECT_EQ(field_of(F::GuestEsLimit, SegmentIndex::Ss), F::GuestSsLimit);
    EXPECT_EQ(field_of(F::GuestEsAccessRights, SegmentIndex::Cs), F::GuestCsAccessRights);
    EXPECT_EQ(field_of(F::GuestEsAccessRights, SegmentIndex::Ldtr), F::GuestLdtrAccessRights);
    EXPECT_EQ(field_of(F::GuestEsBase, SegmentIndex::Gs), F::GuestGsBase);
}

// A reader that answers with the number of the field finds each in its place.
TEST(Vmcs, SnapshotReadsEachFieldIntoItsPlace) {
    const Vmcs vmcs = snapshot([](F field) { return std::uint64_t{static_cast<std::uint32_t>(field)} + 1; });
    std::set<std::uint64_t> seen;
    for (std::size_t i = 0; i < sizeof(vmcs) / 8; i++) {
        const std::uint64_t word = reinterpret_cast<const std::uint64_t *>(&vmcs)[i]; // nothing but 64-bit words
        EXPECT_NE(word, 0u) << "word " << i << " is filled by no row";
        EXPECT_TRUE(seen.insert(word).second) << std::hex << word - 1;
    }
    EXPECT_EQ(vmcs.pin, 0x4001u);
    EXPECT_EQ(vmcs.host_rip, 0x6c17u);
    EXPECT_EQ(vmcs.rip, 0x681fu);
    EXPECT_EQ(vmcs.rflags, 0x6821u);
    EXPECT_EQ(vmcs.link_pointer, 0x2801u);
    EXPECT_EQ(vmcs.injected, 0x4017u);
    EXPECT_EQ(vmcs[SegmentIndex::Cs].selector, 0x0803u);
    EXPECT_EQ(vmcs[SegmentIndex::Cs].limit, 0x4803u);
    EXPECT_EQ(vmcs[SegmentIndex::Tr].rights, 0x4823u);
    EXPECT_EQ(vmcs[SegmentIndex::Gs].base, 0x6811u);
}

TEST(Vmcs, ExitReasons) {
    using R = ExitReason;
    struct {
        R reason;
        unsigned number;
    } const rows[] = {
        {R::ExceptionOrNmi, 0},
        {R::ExternalInterrupt, 1},
        {R::TripleFault, 2},
        {R::Init, 3},
        {R::Sipi, 4},
        {R::InterruptWindow, 7},
        {R::NmiWindow, 8},
        {R::TaskSwitch, 9},
        {R::Cpuid, 10},
        {R::Hlt, 12},
        {R::Invd, 13},
        {R::Invlpg, 14},
        {R::Rdpmc, 15},
        {R::Rdtsc, 16},
        {R::Vmcall, 18},
        {R::Vmlaunch, 20},
        {R::Vmresume, 24},
        {R::Vmxon, 27},
        {R::ControlRegister, 28},
        {R::MovDr, 29},
        {R::Io, 30},
        {R::Rdmsr, 31},
        {R::Wrmsr, 32},
        {R::EntryFailureGuestState, 33},
        {R::Mwait, 36},
        {R::MonitorTrapFlag, 37},
        {R::Monitor, 39},
        {R::Pause, 40},
        {R::TprBelowThreshold, 43},
        {R::GdtrOrIdtr, 46},
        {R::EptViolation, 48},
        {R::EptMisconfiguration, 49},
        {R::Invept, 50},
        {R::PreemptionTimer, 52},
        {R::Invvpid, 53},
        {R::Wbinvd, 54},
        {R::Xsetbv, 55},
        {R::Invpcid, 58},
        {R::Rdseed, 61},
        {R::Xsaves, 63},
        {R::Xrstors, 64},
        {R::Umwait, 67},
        {R::Tpause, 68},
        {R::Loadiwkey, 69},
    };
    for (const auto &row : rows)
        EXPECT_EQ(static_cast<unsigned>(row.reason), row.number);
    EXPECT_EQ(exit_reason::Basic::get(0x8000'0021), R::EntryFailureGuestState);
    EXPECT_EQ(exit_reason::EntryFailure, 0x8000'0000u);
}

TEST(Vmcs, ControlBits) {
    EXPECT_EQ(pin::VirtualNmis | pin::PreemptionTimer, 0x60u);
    EXPECT_EQ(processor::Hlt | processor::Mwait | processor::Rdpmc, 0xc80u);
    EXPECT_EQ(processor::Cr8Load | processor::Cr8Store | processor::TprShadow | processor::NmiWindow, 0x780000u);
    EXPECT_EQ(processor::IoBitmaps | processor::MsrBitmaps | processor::Monitor, 0x32000000u);
    EXPECT_EQ(secondary::Ept | secondary::Rdtscp | secondary::Vpid | secondary::Wbinvd | secondary::UnrestrictedGuest,
              0xeau);
    EXPECT_EQ(secondary::Invpcid | secondary::Xsaves | secondary::UserWaitAndPause, 0x04101000u);
    EXPECT_EQ(exit_control::HostAddressSpaceSize | exit_control::AcknowledgeInterrupt, 0x8200u);
    EXPECT_EQ(exit_control::SavePat | exit_control::LoadPat | exit_control::SaveEfer | exit_control::LoadEfer,
              0x3c0000u);
    EXPECT_EQ(entry_control::Ia32eModeGuest | entry_control::LoadPat | entry_control::LoadEfer, 0xc200u);
}

TEST(Vmcs, InterruptionInformation) {
    EXPECT_EQ(interruption::make(interruption::Type::HardwareException, 14, true), 0x8000'0b0eu);
    EXPECT_EQ(interruption::make(interruption::Type::Nmi, 2), 0x8000'0202u);
    EXPECT_EQ(interruption::make(interruption::Type::ExternalInterrupt, 0xec), 0x8000'00ecu);
    EXPECT_EQ(interruption::TypeField::get(0x8000'0603), interruption::Type::SoftwareException);
    EXPECT_TRUE(is_software(interruption::Type::SoftwareInterrupt));
    EXPECT_FALSE(is_software(interruption::Type::HardwareException));
}

TEST(Vmcs, ExitQualifications) {
    const std::uint64_t insb = 0x03f8'0038; // REP INSB from port 3F8h: 28.2.1
    EXPECT_EQ(io::size(insb), 1u);
    EXPECT_EQ(insb & (io::In | io::String | io::Rep | io::Immediate), io::In | io::String | io::Rep);
    EXPECT_EQ(io::Port::get(insb), 0x3f8);
    EXPECT_EQ(io::size(0x0cf8'0003), 4u);   // OUT DX, EAX
    EXPECT_EQ(io::size(0x0064'0041), 2u);   // OUT imm8, AX
    const std::uint64_t mov_to_cr8 = 0xf08; // from R15
    EXPECT_EQ(cr_access::Register::get(mov_to_cr8), 8);
    EXPECT_EQ(cr_access::TypeField::get(mov_to_cr8), cr_access::Type::MovTo);
    EXPECT_EQ(cr_access::Gpr::get(mov_to_cr8), 15);
    EXPECT_EQ(cr_access::TypeField::get(0x1234'0030), cr_access::Type::Lmsw);
    EXPECT_EQ(cr_access::LmswSource::get(0x1234'0030), 0x1234);
    EXPECT_EQ(0x182 & (ept_violation::Write | ept_violation::LinearValid | ept_violation::FinalTranslation), 0x182u);
    EXPECT_EQ(task_switch::SourceField::get(0xc000'0028), task_switch::Source::Gate);
}

TEST(Vmcs, EptPointer) {
    EXPECT_EQ(eptp::make(0x1234'5000, 4, true), 0x1234'505eu);
    EXPECT_EQ(eptp::make(0x1234'5000, 5, false), 0x1234'5026u);
}

TEST(AccessRights, EveryPresentSegmentComesBack) {
    for (unsigned i = 0; i < 0x1000; i++) {
        const auto attributes = static_cast<std::uint16_t>(i);
        const std::uint32_t rights = access_rights::from_attributes(attributes);
        ASSERT_EQ(access_rights::to_attributes(rights), attributes);
        ASSERT_EQ((rights & access_rights::Unusable) == 0, (attributes & 0x80) != 0);
        ASSERT_EQ(rights & access_rights::kReserved, 0u);
        ASSERT_EQ(access_rights::Dpl::get(rights), attributes >> 5 & 3);
    }
}

TEST(AccessRights, WhatCannotBeUsedIsNotPresent) {
    EXPECT_EQ(access_rights::from_attributes(0), 0x10000u);
    EXPECT_EQ(access_rights::to_attributes(0x1c093), 0xc13); // as CPUs leave it behind
}

TEST(AccessRights, OfDescriptors) {
    const auto rights = [](std::uint64_t descriptor) {
        return access_rights::from_attributes(decode_segment(8, descriptor).attributes);
    };
    EXPECT_EQ(rights(0x00af'9b00'0000'ffff), 0xa09bu); // 64-bit code
    EXPECT_EQ(rights(0x00cf'9300'0000'ffff), 0xc093u); // data
    EXPECT_EQ(rights(0x0000'8b00'0000'0067), 0x008bu); // busy TSS
}

} // namespace
} // namespace vmm::vmx
