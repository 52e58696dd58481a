// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>

#include "console/vm/record/vm_directory.hpp"

namespace console {

// Makes VMs run. What fails leaves nothing behind.
class VmStarter {
  public:
    VmStarter(Environment &environment, VmDirectory &vms) : environment_(environment), vms_(vms) {}

    VmRecord start(VmOptions options); // a new VM
    void restart(const VmRecord &vm);  // with the files that it was started with, as they are now

  private:
    void check(const VmOptions &options) const;
    std::uint32_t create(const VmOptions &options, const Uuid &uuid);
    void write(std::uint32_t id, const std::string &name, std::uint64_t to, std::span<const std::byte> bytes);
    void clear_rest(const VmRecord &vm, const VmImage &image);
    void fill_and_start(std::uint32_t id, const std::string &name, const VmImage &image);

    Environment &environment_;
    VmDirectory &vms_;
};

} // namespace console
