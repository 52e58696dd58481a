// SPDX-License-Identifier: GPL-2.0-only
// A Rig of Intel CPUs that run guests on the real VT-x backend: VMCSs in fake regions, prepared and captured as at a
// launch, exits played by the test.
#pragma once

#include "entry_checks.hpp"
#include "tests/unit/fakes/guest.hpp"
#include "tests/unit/fakes/vmcs_regions.hpp"
#include "tests/unit/vmx/recorded_cpus.hpp"
#include "vmm/core/backend.hpp"
#include "vmm/vmx/backend.hpp"
#include "vmm/vmx/vcpu.hpp"

namespace vmm::vmx {
extern "C" World *vmx_exit(World &world);
extern "C" World *vmx_look_again(World &world);
extern "C" World *vmx_entry_failed(World &world);
} // namespace vmm::vmx

namespace vmm::test {

// What an exit reports in the VMCS.
struct ExitReport {
    vmx::ExitReason reason;
    std::uint64_t qualification = 0;
    std::uint8_t length = 0;
    std::uint32_t event = 0; // VM-exit interruption information
    std::uint32_t vectoring = 0, vectoring_error = 0;
    std::uint64_t address = 0; // guest-physical
    bool entry_failure = false;
};

class VmxMachine {
  public:
    static constexpr std::uint64_t kStubResume = 0xffff'ffff'c000'0040, kStubLeft = 0xffff'ffff'c000'0080;

    static constexpr std::uint16_t kTr = 0x40; // a busy TSS, without which no VT-x guest is

    explicit VmxMachine(const RigOptions &options = {}, unsigned levels = 4) : rig_(options), guest_(rig_) {
        std::destroy_at(&vmx::g_shared);
        std::construct_at(&vmx::g_shared);
        for (auto &seen : checks::seen)
            seen = {};
        forget_vmcs_regions();
        guest_.put<std::uint64_t>(Guest::kGdt + kTr, 0x00008b005000206f);
        for (unsigned i = 0; i < options.cpus; i++) {
            make_intel(rig_.hardware(i));
            rig_.handover_cpu(i).state.tr = kTr;
        }
        g_vmm.backend = VMNIX_BACKEND_VMX;
        g_vmm.host = HostTables(*g_vmm.frames.allocate(), levels, 3, g_vmm.frames);
        rig_.handover().stub_resume = kStubResume;
        rig_.handover().stub_vmx_left = kStubLeft;
        VMM_ASSERT(vmx::kBackend.init(g_vmm));
        for (unsigned i = 0; i < options.cpus; i++) {
            rig_.play(i);
            VMM_ASSERT(vmx::kBackend.prepare(rig_.cpu(i)));
        }
        rig_.play(0);
    }

    // The CPU becomes a guest at Guest::kCode.
    void capture(unsigned index = 0) {
        rig_.play(index);
        if (!vmx::kBackend.capture(rig_.cpu(index)))
            panic(rig_.log().c_str(), __FILE__, __LINE__);
        vmx::vmwrite(vmx::VmcsField::GuestRip, Guest::kCode);
        state(index).flush = false;
        rig_.hardware(index).trace.clear();
        rig_.hardware(index).msr_writes.clear();
        rig_.play(0);
    }

    vmx::Vcpu vcpu(unsigned index = 0) { return vmx::Vcpu(rig_.cpu(index).console); }
    vmx::State &state(unsigned index = 0) { return rig_.cpu(index).console.backend<vmx::State>(); }
    std::uint64_t &gpr(x86::Gpr reg) { return rig_.cpu().console.gpr[static_cast<unsigned>(reg)]; }
    static std::uint64_t field(vmx::VmcsField field) { return vmx::vmread(field); }
    static void set(vmx::VmcsField field, std::uint64_t value) { vmx::vmwrite(field, value); }
    static std::uint64_t queued() { return field(vmx::VmcsField::VmEntryInterruptionInfo); }

    // The world is entered as vmm/vmx/world_switch.S does, with the event that is queued, and exits at once. Null when
    // its CPU leaves, otherwise what is entered next.
    World *exit_of(World &world, const ExitReport &report) {
        using vmx::VmcsField;
        vmx::State &state = world.backend<vmx::State>();
        VMM_ASSERT(current_vmcs_region() == state.vmcs); // another world's would be entered
        enter_current_vmcs(state.launched);
        state.launched = true;
        set(VmcsField::VmEntryInterruptionInfo, queued() & ~std::uint64_t{vmx::interruption::Valid}); // 25.8.3
        set_exit_field(VmcsField::ExitReason, static_cast<std::uint64_t>(report.reason) |
                                                  (report.entry_failure ? vmx::exit_reason::EntryFailure : 0));
        set_exit_field(VmcsField::ExitQualification, report.qualification);
        set_exit_field(VmcsField::VmExitInstructionLength, report.length);
        set_exit_field(VmcsField::VmExitInterruptionInfo, report.event);
        set_exit_field(VmcsField::IdtVectoringInfo, report.vectoring);
        set_exit_field(VmcsField::IdtVectoringErrorCode, report.vectoring_error);
        set_exit_field(VmcsField::GuestPhysicalAddress, report.address);
        Hardware &cpu = hardware();
        cpu.vmreads = cpu.vmwrites = 0; // of this exit
        return vmx::vmx_exit(world);
    }
    // The console's vCPU of CPU 0 exits; true when its CPU leaves. Otherwise `next` is entered.
    bool exit(const ExitReport &report) {
        next = exit_of(rig_.cpu().console, report);
        return next == nullptr;
    }
    bool exit(vmx::ExitReason reason, std::uint8_t length = 0, std::uint64_t qualification = 0) {
        return exit(ExitReport{.reason = reason, .qualification = qualification, .length = length});
    }

    bool traced(const std::string &what, unsigned index = 0) {
        return std::ranges::find(rig_.hardware(index).trace, what) != rig_.hardware(index).trace.end();
    }

    World *next = nullptr;
    Rig rig_;
    Guest guest_;

  private:
    static void make_intel(Hardware &cpu) {
        constexpr std::uint32_t kVmx = 1u << 5, kSvm = 1u << 2;
        constexpr std::uint64_t kFirmwareLockedItOn = 5, kLongMode = 0xd01;
        cpu.leaves[{0, 0}] = {0xd, 0x756e6547, 0x6c65746e, 0x49656e69}; // GenuineIntel
        cpu.leaves[{1, 0}].ecx |= kVmx;
        cpu.leaves[{0x80000001, 0}].ecx &= ~kSvm;
        for (const auto &[index, value] : haswell().msrs)
            cpu.msrs[index] = value;
        cpu.msrs[vmx::msr::FeatureControl] = kFirmwareLockedItOn;
        cpu.msrs[x86::msr::Efer] = kLongMode;
    }
};

} // namespace vmm::test
