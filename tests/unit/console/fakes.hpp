// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "console/base/environment.hpp"
#include "console/base/failure.hpp"
#include "tests/unit/console/fake_vms.hpp"

namespace console::test {

class StringOutput : public Output {
  public:
    void write(std::string_view piece) override {
        if (full)
            throw Failure(ExitCode::Failure, "cannot write to standard output: No space left on device");
        text.append(piece);
    }
    bool is_terminal() const override { return terminal; }
    TextSize size() const override { return room; }

    std::string text;
    bool full = false;
    bool terminal = false;
    TextSize room{};
};

// What a fake VMM of two vCPUs at 1 MHz tells.
struct FakeMachine {
    FakeMachine() {
        info.size = sizeof info;
        info.hypercall_abi = 1;
        std::strcpy(info.version, "1.2.3");
        for (std::size_t i = 0; i < sizeof info.build_id; ++i)
            info.build_id[i] = static_cast<std::uint8_t>(i);
        info.cpu_count = 2;
        info.arena_base = 0x30000000;
        info.arena_size = 32 << 20;
        info.arena_used = 8 << 20;
        info.tsc_khz = 1000;
        info.launched_tsc = 1'000'000;
        info.features = VMNIX_FEATURE_LOG | VMNIX_FEATURE_EVENT;
        info.backend = VMNIX_BACKEND_SVM;
        info.paging_levels = 5;
        info.log_head = 100;
        info.log_size = 65536;
        launch = {sizeof launch, 2, 42, 3000, 2};
        cpus.resize(2);
        for (std::uint32_t i = 0; i < 2; ++i) {
            cpus[i].size = sizeof cpus[i];
            cpus[i].apic_id = 10 + i;
            cpus[i].kinds = VMNIX_EXIT_KINDS;
            cpus[i].tsc = 3'000'000; // two seconds after the launch
            cpus[i].exits[VMNIX_EXIT_CPUID] = 100 + i;
        }
    }

    vmnix_info info{};
    vmnix_launch_record launch{};
    std::vector<vmnix_cpu_stats> cpus;
    std::deque<std::string> log;
    std::deque<VmmDevice::Wait> waits;
    FakeVms vms; // seen with VMNIX_FEATURE_VMS
};

class FakeDevice : public FakeVmDevice {
  public:
    explicit FakeDevice(FakeMachine &machine) : FakeVmDevice(machine.vms), machine_(machine) {}

    vmnix_info info() override { return machine_.info; }
    vmnix_launch_record launch() override { return machine_.launch; }
    std::optional<vmnix_cpu_stats> stats(std::uint32_t vcpu) override {
        return vcpu < machine_.cpus.size() ? std::optional(machine_.cpus[vcpu]) : std::nullopt;
    }
    // An empty piece stands for "no more for now", as on the device.
    std::string read_log() override { return take(machine_.log, std::string()); }
    Wait wait_for_log(int) override { return take(machine_.waits, Wait::Gone); }

  private:
    template <class T> static T take(std::deque<T> &queue, T otherwise) {
        if (queue.empty())
            return otherwise;
        T first = queue.front();
        queue.pop_front();
        return first;
    }
    FakeMachine &machine_;
};

// A rig in which the fake VMM runs and each second of sleep adds a second and `growth` CPUID exits to each vCPU.
struct Rig {
    FakeMachine machine;
    StringOutput out, err;
    std::uint64_t growth = 50;
    std::vector<double> sleeps;
    Environment environment{"/nonexistent",
                            out,
                            err,
                            [this] { return std::make_unique<FakeDevice>(machine); },
                            [] { return nullptr; },
                            [this](double seconds) {
                                sleeps.push_back(seconds);
                                for (vmnix_cpu_stats &cpu : machine.cpus) {
                                    cpu.tsc += static_cast<std::uint64_t>(seconds * 1e6);
                                    cpu.exits[VMNIX_EXIT_CPUID] += growth;
                                }
                            }};

    void unload() {
        environment.open_device = []() -> std::unique_ptr<VmmDevice> {
            throw Failure(ExitCode::NotRunning, "the VMM is not loaded", "start it");
        };
    }
};

} // namespace console::test
