// SPDX-License-Identifier: GPL-2.0-only
// vmnix-probe: one static program with what the machine tests do inside the guest. Every command prints what it found
// and ends with 0 when it is as expected, 1 when not, 2 on a wrong call, 3 when the machine lacks what it needs.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

namespace probe {

using Arguments = std::span<char *>;

constexpr int kAsExpected = 0, kNotAsExpected = 1, kWrongCall = 2, kLacking = 3;

struct Command {
    const char *name;
    const char *help;
    int (*run)(Arguments);
};

// Each file of this folder has its commands in one table.
std::span<const Command> processor_commands(); // CPUID, MSRs
std::span<const Command> load_commands();      // forks, timers
std::span<const Command> device_commands();    // /dev/vmnix
std::span<const Command> attack_commands();    // what a hostile program tries
std::span<const Command> poke_commands();      // through the test module
std::span<const Command> crash_commands();     // the end of this kernel
std::span<const Command> module_commands();    // loading, unloading, spoiling the image
std::span<const Command> file_commands();      // large files
std::span<const Command> network_commands();   // floods
std::span<const Command> cost_commands();      // instructions of an exit, as the console sees them
std::span<const Command> kvm_commands();       // instructions of an exit to KVM, as its VM sees them
std::span<const Command> vm_commands();        // VMs
std::span<const Command> witness_commands();   // of disturbances
std::span<const Command> canary_commands();    // what registers keep

std::uint64_t number(Arguments arguments, std::size_t index, std::uint64_t otherwise); // decimal or 0x
std::vector<unsigned> online_cpus();
bool run_on(unsigned cpu);                                            // this thread, from now on
bool read_msr(unsigned cpu, std::uint32_t msr, std::uint64_t &value); // by the driver

// A descriptor that closes itself.
class File {
  public:
    File(const char *path, int flags); // as open(2), created files are 0600
    ~File();
    File(const File &) = delete;
    explicit operator bool() const { return descriptor_ >= 0; }
    operator int() const { return descriptor_; }

  private:
    int descriptor_;
};

} // namespace probe
