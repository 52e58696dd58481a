// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "console/check/cpu_probe.hpp"
#include "console/check/real_cpu_probe.hpp"

namespace console::test {

// CPUs by AMD that have all that a launch needs.
struct FakeCpus {
    FakeCpus() {
        leaf({0, 0}) = vendor("AuthenticAMD", 0xd);
        leaf({1, 0}).ecx = 1u << 27; // OSXSAVE
        leaf({0xd, 1}).eax = 1u << 3;
        leaf({0x80000000, 0}).eax = 0x8000000a;
        leaf({0x80000001, 0}).ecx = 1u << 2;
        leaf({0x80000007, 0}).edx = 1u << 8;
        leaf({0x80000008, 0}).eax = 48;
        leaf({0x8000000a, 0}) = {0, 16, 0, 1};
    }

    static CpuidLeaf vendor(const char *name, std::uint32_t highest) {
        CpuidLeaf leaf{highest, 0, 0, 0};
        std::memcpy(&leaf.ebx, name, 4);
        std::memcpy(&leaf.edx, name + 4, 4);
        std::memcpy(&leaf.ecx, name + 8, 4);
        return leaf;
    }
    CpuidLeaf &leaf(std::pair<std::uint32_t, std::uint32_t> number) { return leaves[number]; }

    std::map<std::pair<std::uint32_t, std::uint32_t>, CpuidLeaf> leaves;
    std::map<unsigned, std::map<std::pair<std::uint32_t, std::uint32_t>, CpuidLeaf>> exceptions; // by CPU
    // By CPU and number: those too near to one another for a file of the fake root.
    std::map<std::pair<unsigned, std::uint32_t>, std::uint64_t> near_msrs;
    std::set<unsigned> forbidden;
    std::uint64_t xcr0 = 7;
    std::uint64_t tsc_khz = 2'000'000;
};

class FakeCpuProbe : public CpuProbe {
  public:
    explicit FakeCpuProbe(const FakeCpus &cpus) : cpus_(cpus) {}

    bool visit(unsigned cpu) override {
        if (cpus_.forbidden.contains(cpu))
            return false;
        current_ = cpu;
        return true;
    }
    CpuidLeaf cpuid(std::uint32_t leaf, std::uint32_t subleaf) override {
        const auto own = cpus_.exceptions.find(current_);
        if (own != cpus_.exceptions.end() && own->second.contains({leaf, subleaf}))
            return own->second.at({leaf, subleaf});
        const auto found = cpus_.leaves.find({leaf, subleaf});
        return found == cpus_.leaves.end() ? CpuidLeaf{} : found->second;
    }
    std::uint64_t xcr0() override { return cpus_.xcr0; }
    std::uint64_t measure_tsc_khz() override { return cpus_.tsc_khz; }
    std::optional<std::uint64_t> msr(int file, std::uint32_t number) override {
        if (const auto near = cpus_.near_msrs.find({current_, number}); near != cpus_.near_msrs.end())
            return near->second;
        return RealCpuProbe().msr(file, number);
    }

  private:
    FakeCpus cpus_;
    unsigned current_ = 0;
};

} // namespace console::test
