// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/base/unique_fd.hpp"
#include "console/device/vmm_device.hpp"

namespace console {

// /dev/vmnix.
class FileDevice : public VmmDevice {
  public:
    explicit FileDevice(UniqueFd file) : file_(std::move(file)) {}

    vmnix_info info() override;
    vmnix_launch_record launch() override;
    std::optional<vmnix_cpu_stats> stats(std::uint32_t vcpu) override;
    std::string read_log() override;
    Wait wait_for_log(int timeout_ms) override;

    vmnix_memory_info memory() override;
    VmAnswer create_vm(vmnix_vm_create &request) override;
    VmAnswer write_vm(std::uint32_t id, std::uint64_t to, std::span<const std::byte> bytes) override;
    VmAnswer start_vm(std::uint32_t id, const vmnix_boot_state &state) override;
    VmAnswer order_vm(std::uint32_t id, vmnix_vm_order order) override;
    VmAnswer set_share(std::uint32_t id, const vmnix_vm_share &share) override;
    std::optional<vmnix_vm_info> vm_info(std::uint32_t id) override;
    std::optional<vmnix_vm_info> next_vm(std::uint32_t id) override;
    std::optional<std::string> vm_definition(std::uint32_t id) override;
    std::optional<vmnix_world_info> world(std::uint32_t id, std::uint32_t vcpu) override;
    std::optional<ConsolePiece> read_console(std::uint32_t id, std::uint64_t position) override;
    std::optional<std::size_t> write_console(std::uint32_t id, std::string_view bytes) override;
    bool wait_for_event(std::uint32_t &events, std::uint32_t timeout_ms) override;

    vmnix_console_info console_info() override;
    VmAnswer set_console(const vmnix_console_policy &policy) override;
    VmAnswer load_package(vmnix_package_load &request) override;
    VmAnswer drop_package() override;
    VmAnswer order_console(const vmnix_console_order &order) override;
    ConsolePiece read_console_log(std::uint64_t position) override;
    void beat(std::uint32_t milliseconds) override;
    std::optional<MemoryPiece> next_piece(std::uint64_t from) override;

  private:
    void must(unsigned long number, void *argument, const char *what);
    VmAnswer ask(unsigned long number, void *argument, const char *what);
    std::optional<vmnix_vm_info> query(unsigned long number, std::uint32_t id);

    UniqueFd file_; // non-blocking
};

} // namespace console
