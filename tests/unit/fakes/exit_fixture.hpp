// SPDX-License-Identifier: GPL-2.0-only
// A Rig whose CPUs run FakeGuests, and the questions that tests of handlers ask.
#pragma once

#include "tests/unit/fakes/fake_vcpu.hpp"
#include "vmm/exit/dispatch.hpp"

#include <gtest/gtest.h>

namespace vmm::test {

class ExitFixture : public testing::Test {
  protected:
    explicit ExitFixture(const RigOptions &options = {}) : rig_(options), guest_(rig_), guests_(options.cpus) {
        for (unsigned i = 0; i < options.cpus; i++)
            rig_.cpu(i).console.backend<FakeGuest *>() = &guests_[i];
    }

    FakeVcpu vcpu(unsigned index = 0) { return FakeVcpu(rig_.cpu(index).console); }
    FakeGuest &guest(unsigned index = 0) { return guests_[index]; }
    Cpu &cpu(unsigned index = 0) { return rig_.cpu(index); }
    std::uint64_t &gpr(x86::Gpr reg) { return cpu().console.gpr[static_cast<unsigned>(reg)]; }
    Hardware &hardware() { return rig_.hardware(); }

    // Events are injected by one exit and delivered by its entry: each starts without one.
    Verdict exit(const Exit &what) {
        guest().queued.reset();
        return handle(vcpu(), what);
    }
    // Between an exit and the next entry, as a backend does it: a turn that is over is followed by the next one, and a
    // CPU without one sleeps.
    void enter() {
        if (prepare_entry(vcpu()))
            return;
        for (;;)
            if (World *const next = choose(cpu()); !next)
                sleep();
            else if (begin_turn(vcpu()))
                break;
    }
    void sleep() {
        arm_timer(cpu());
        if (!has_cause(cpu().console)) {
            sleeps_++;
            cpu().acknowledged = 0;
            guest().on_wait();
            take_interrupt(cpu());
        }
        if (has_cause(cpu().console) || (cpu().arrived.nmis | cpu().arrived.machine_checks) != 0)
            notify(cpu(), cpu().console);
    }
    void expect_exception(x86::Vector vector, std::optional<std::uint32_t> error = {}) {
        ASSERT_TRUE(guest().queued);
        EXPECT_EQ(guest().queued->kind, FakeGuest::Kind::Exception);
        EXPECT_EQ(guest().queued->vector, static_cast<unsigned>(vector));
        EXPECT_EQ(guest().queued->error, error);
    }
    void expect_general_protection() { expect_exception(x86::Vector::GeneralProtection, 0); }
    void expect_no_event() { EXPECT_FALSE(guest().queued); }

    Rig rig_;
    Guest guest_;
    std::vector<FakeGuest> guests_;
    unsigned sleeps_ = 0;
};

} // namespace vmm::test
