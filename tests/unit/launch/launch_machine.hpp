// SPDX-License-Identifier: GPL-2.0-only
// LaunchMachine: a machine that is handed to the VMM as the module does it, each CPU a thread on that CPU's own stack.
#pragma once

#include "tests/unit/fakes/guest.hpp"
#include "tests/unit/fakes/svm_run.hpp"
#include "vmm/svm/backend.hpp"
#include "vmm/svm/vcpu.hpp"

#include <functional>
#include <memory>
#include <vector>

extern "C" int vmm_call(vmnix_handover_cpu *self, std::uint32_t call);

namespace vmm::test {

class LaunchMachine {
  public:
    static constexpr std::uint64_t kArena = 32 * kMega, kArenaSize = 4 * kMega, kCpuPages = kArena + 0x10000,
                                   kArenaFree = kArena + 0x20000;
    static constexpr std::uint64_t kStubVa = 0x3a00'0000'0000;
    static constexpr std::uint64_t kPagesVa = 0x3b00'0000'0000;                 // of the CPUs' pages, in the console
    static constexpr std::uint64_t kLong = 60'000'000'000, kShort = 30'000'000; // time-outs in ns

    explicit LaunchMachine(unsigned cpus);
    ~LaunchMachine();
    LaunchMachine(const LaunchMachine &) = delete;
    LaunchMachine &operator=(const LaunchMachine &) = delete;

    // The module loads the image: everything in the arena is new. Without it a second launch would meet the first one.
    void load();
    int init();
    // Every CPU enters; what each got back. After a success that is when it has left.
    std::vector<int> enter();

    unsigned cpus() const { return static_cast<unsigned>(hardware_.size()); }
    Hardware &hardware(unsigned cpu) { return hardware_[cpu]; }
    vmnix_handover &handover() { return *handover_; }
    vmnix_handover_cpu &handover_cpu(unsigned cpu);
    PhysicalMemory &memory() { return memory_; }
    std::string log();

  private:
    PhysicalMemory memory_;
    Guest guest_;
    FixedPage stub_, devices_, blocks_;
    std::unique_ptr<vmnix_handover> handover_;
    std::vector<Hardware> hardware_;
};

// What guests do, to be called by g_guest: a hypercall, its result; `left` when the exit loop is over.
struct Called {
    std::int64_t rax;
    bool left;
};
Called hypercall(Cpu &cpu, std::uint64_t number, std::uint64_t rdi = 0, std::uint64_t rsi = 0, std::uint64_t rdx = 0);
// Asks until it may.
void leave(Cpu &cpu);

} // namespace vmm::test
