// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "console/base/environment.hpp"
#include "console/vm/record/vm_record.hpp"

namespace console {

// The VMs of the running VMM.
class VmDirectory {
  public:
    // Failure when there is no VMM, or one that knows no VMs.
    explicit VmDirectory(Environment &environment);

    VmmDevice &device() { return *device_; }
    const vmnix_info &vmm() const { return vmm_; }
    std::vector<VmRecord> all(); // in the order in which they were created
    // By name, id, UUID, or the beginning of a UUID that only one has. Failure, if there is none or no single one.
    VmRecord find(const std::string &word);
    std::optional<VmRecord> with_name(const std::string &name);
    std::optional<VmRecord> with_id(std::uint32_t id);

  private:
    VmRecord record(const vmnix_vm_info &info) const;

    Environment &environment_;
    std::unique_ptr<VmmDevice> device_;
    vmnix_info vmm_;
};

} // namespace console
