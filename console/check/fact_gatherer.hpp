// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "console/check/cpu_probe.hpp"
#include "console/check/msr_file.hpp"
#include "vmnix/preflight.h"

namespace console {

// The facts that the module would gather, as far as a program can see them.
struct GatheredFacts {
    std::unique_ptr<vmnix_facts> facts; // large: not for the stack
    bool kvm_idle = false;              // it is loaded and nobody uses it
    std::vector<std::string> unseen;    // facts that the rows do without, and how to let them be seen
};

class FactGatherer {
  public:
    FactGatherer(std::filesystem::path root, CpuProbe &probe) : root_(std::move(root)), probe_(probe) {}
    GatheredFacts gather(); // throws Failure when /proc or /sys do not tell the least that is needed

  private:
    void list_cpus();
    void read_linux();
    void read_memory();
    void read_cpus();
    void read_registers(vmnix_cpu_facts &cpu);
    void read_vmx(const MsrFile &msr, vmnix_cpu_facts &cpu);
    void forgive_idle_kvm();
    std::string text_of(const char *path) const;

    std::filesystem::path root_;
    CpuProbe &probe_;
    GatheredFacts result_;
    std::string msr_obstacle_; // why MSRs could not be read, if so
};

} // namespace console
