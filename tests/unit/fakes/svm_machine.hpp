// SPDX-License-Identifier: GPL-2.0-only
// A Rig whose CPUs run guests on the real SVM backend: control blocks in fake memory, prepared and captured as at a
// launch, exits played by the test.
#pragma once

#include "entry_checks.hpp"
#include "tests/unit/fakes/guest.hpp"
#include "vmm/core/backend.hpp"
#include "vmm/svm/backend.hpp"
#include "vmm/svm/vcpu.hpp"

extern "C" vmm::World *svm_exit(vmm::World &world);

namespace vmm::test {

class SvmMachine {
  public:
    static constexpr std::uint64_t kStubResume = 0xffff'ffff'c000'0040;

    explicit SvmMachine(const RigOptions &options = {}, unsigned levels = 4) : rig_(options), guest_(rig_) {
        std::destroy_at(&svm::g_shared);
        std::construct_at(&svm::g_shared);
        for (auto &seen : checks::seen)
            seen = {};
        g_vmm.host = HostTables(*g_vmm.frames.allocate(), levels, 3, g_vmm.frames);
        rig_.handover().stub_resume = kStubResume;
        VMM_ASSERT(svm::kBackend.init(g_vmm));
        for (unsigned i = 0; i < options.cpus; i++) {
            rig_.play(i);
            VMM_ASSERT(svm::kBackend.prepare(rig_.cpu(i)));
        }
        rig_.play(0);
    }

    // The CPU becomes a guest at Guest::kCode.
    void capture(unsigned index = 0) {
        rig_.play(index);
        VMM_ASSERT(svm::kBackend.capture(rig_.cpu(index)));
        vmcb(index).save.rip = Guest::kCode;
        vmcb(index).save.rax = 0;
        state(index).before_entry = 0;
        rig_.hardware(index).trace.clear();
        rig_.hardware(index).msr_writes.clear();
        rig_.play(0);
    }

    svm::Vcpu vcpu(unsigned index = 0) { return svm::Vcpu(rig_.cpu(index).console); }
    svm::Vmcb &vmcb(unsigned index = 0) { return *state(index).vmcb; }
    svm::State &state(unsigned index = 0) { return rig_.cpu(index).console.backend<svm::State>(); }
    std::uint64_t &gpr(x86::Gpr reg) { return rig_.cpu().console.gpr[static_cast<unsigned>(reg)]; }

    // The console's vCPU exits; true when its CPU leaves. Otherwise `next` is entered.
    bool exit(svm::ExitCode code, std::uint64_t info1 = 0, std::uint64_t info2 = 0) {
        svm::ControlArea &control = vmcb().control;
        control.exit_code = static_cast<std::uint64_t>(code);
        control.exit_info1 = info1;
        control.exit_info2 = info2;
        next = svm_exit(rig_.cpu().console);
        return next == nullptr;
    }

    World *next = nullptr;
    Rig rig_;
    Guest guest_;
};

} // namespace vmm::test
