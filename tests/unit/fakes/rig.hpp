// SPDX-License-Identifier: GPL-2.0-only
// Rig: a machine for hosted tests. It fills g_vmm as a launch leaves it: RAM with a hole for the VMM's arena, CPUs
// with virtual LAPICs, a log, and fake hardware below. The backend is the test's business.
#pragma once

#include "tests/unit/fakes/hardware.hpp"
#include "tests/unit/fakes/physical_memory.hpp"
#include "vmm/core/vmm.hpp"

#include <memory>
#include <string>
#include <vector>

namespace vmm::test {

inline constexpr std::uint64_t kMega = 1ull << 20, kGiga = 1ull << 30;

struct RigOptions {
    unsigned cpus = 1;
    bool x2apic = false; // physical and virtual LAPICs
    bool tsc_deadline = false;
    unsigned io_apics = 0;
    unsigned spare_pieces = 0; // RAM beside the usual one, to be given away
};

class Rig {
  public:
    static constexpr Range<Gpa> kLowRam{Gpa(0), 0xa0000}, kRam{Gpa(kMega), 63 * kMega}, kHighRam{Gpa(4 * kGiga), kMega};
    static constexpr std::uint64_t kSpareRam = kGiga;
    static constexpr Range<Hpa> kArena{Hpa(32 * kMega), 4 * kMega};
    static constexpr std::uint64_t kLapicPage = 0xfee00000, kIoApicPage = 0xfec00000;

    explicit Rig(const RigOptions &options = {});
    ~Rig();
    Rig(const Rig &) = delete;
    Rig &operator=(const Rig &) = delete;

    // From here on this thread is that CPU.
    void play(unsigned index) { test::play(&hardware_[index]); }
    Cpu &cpu(unsigned index = 0) { return *cpus_[index]; }
    Hardware &hardware(unsigned index = 0) { return hardware_[index]; }
    PhysicalMemory &memory() { return memory_; }
    vmnix_handover &handover() { return *handover_; }
    vmnix_handover_cpu &handover_cpu(unsigned index = 0) { return handover_cpus_[index]; }
    unsigned cpus() const { return static_cast<unsigned>(cpus_.size()); }

    // A physical LAPIC's registers, in xAPIC mode by page and in x2APIC mode by MSR.
    std::uint32_t physical_lapic(unsigned index, LapicRegister reg);
    void set_physical_lapic(unsigned index, LapicRegister reg, std::uint32_t value);
    // The physical LAPIC has taken this vector, as the acknowledge window leaves it.
    void put_in_service(unsigned index, std::uint8_t vector, bool level = false);

    // What every register of an IO-APIC reads as, until something is written to it.
    std::uint32_t &io_apic_window(unsigned n) { return io_apic_pages_[n]->word[ioapic::kWindowOffset / 4]; }

    std::string log();

  private:
    struct alignas(kPageSize) LapicPage {
        std::array<std::uint32_t, kPageSize / 4> word{};
    };

    void fill_memory(const RigOptions &options);
    void fill_handover(const RigOptions &options);
    void fill_cpu(unsigned index, const RigOptions &options);
    void fill_io_apics(unsigned count);

    PhysicalMemory memory_;
    std::unique_ptr<vmnix_handover> handover_;
    std::vector<vmnix_handover_cpu> handover_cpus_;
    std::vector<Hardware> hardware_;
    std::vector<std::unique_ptr<Cpu>> cpus_;
    std::vector<std::unique_ptr<LapicPage>> lapic_pages_;
    std::vector<std::unique_ptr<LapicPage>> io_apic_pages_;
    std::vector<IoApics::One> io_apics_;
    std::vector<Scheduler::Cpu> cpu_room_;
    std::vector<Owner> owners_;
    std::vector<char> log_ = std::vector<char>(16384);
};

} // namespace vmm::test
