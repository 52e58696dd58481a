// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "console/device/vm_answer.hpp"
#include "vmnix/abi/ioctl/ioctl.h"

namespace console {

// A piece of what a VM wrote to its console; empty when all of it was read.
struct ConsolePiece {
    std::uint64_t position; // of the first byte; later than asked when bytes were lost
    std::string bytes;
};

struct MemoryPiece {
    std::uint64_t base;
    std::uint64_t size;
};

// The running VMM as programs of the console reach it. Everything throws Failure when the VMM does not answer.
class VmmDevice {
  public:
    enum class Wait { Readable, Timeout, Gone };

    virtual ~VmmDevice() = default;
    virtual vmnix_info info() = 0;
    virtual vmnix_launch_record launch() = 0;
    // Nothing if there is no such vCPU.
    virtual std::optional<vmnix_cpu_stats> stats(std::uint32_t vcpu) = 0;
    // The next piece of the log; empty when all of it was read.
    virtual std::string read_log() = 0;
    // Until the log grows; a negative time-out waits without end. A signal ends it as a time-out.
    virtual Wait wait_for_log(int timeout_ms) = 0;

    // ---- VMs: only when the VMM has VMNIX_FEATURE_VMS. Nothing, where the result is optional: there is no such VM.
    virtual vmnix_memory_info memory() = 0;
    virtual VmAnswer create_vm(vmnix_vm_create &request) = 0;
    virtual VmAnswer write_vm(std::uint32_t id, std::uint64_t to, std::span<const std::byte> bytes) = 0;
    virtual VmAnswer start_vm(std::uint32_t id, const vmnix_boot_state &state) = 0;
    virtual VmAnswer order_vm(std::uint32_t id, vmnix_vm_order order) = 0;
    virtual VmAnswer set_share(std::uint32_t id, const vmnix_vm_share &share) = 0; // 0: the console's
    virtual std::optional<vmnix_vm_info> vm_info(std::uint32_t id) = 0;
    virtual std::optional<vmnix_vm_info> next_vm(std::uint32_t id) = 0; // of the next higher id
    virtual std::optional<std::string> vm_definition(std::uint32_t id) = 0;
    virtual std::optional<vmnix_world_info> world(std::uint32_t id, std::uint32_t vcpu) = 0; // 0: of the console
    virtual std::optional<ConsolePiece> read_console(std::uint32_t id, std::uint64_t position) = 0;
    // How many of the bytes were taken; none while the VM's UART has no room.
    virtual std::optional<std::size_t> write_console(std::uint32_t id, std::string_view bytes) = 0;
    // Sleeps until something happened since `events` was told, and tells the new count; at first 0. False: the time is
    // over, or a signal came. Other threads may use the device meanwhile.
    virtual bool wait_for_event(std::uint32_t &events, std::uint32_t timeout_ms) = 0;

    // ---- The console's own life: only when the VMM has VMNIX_FEATURE_RESTART.
    virtual vmnix_console_info console_info() = 0;
    virtual VmAnswer set_console(const vmnix_console_policy &policy) = 0;
    virtual VmAnswer load_package(vmnix_package_load &request) = 0;
    virtual VmAnswer drop_package() = 0;
    // Does not return, when the VMM does so.
    virtual VmAnswer order_console(const vmnix_console_order &order) = 0;
    virtual ConsolePiece read_console_log(std::uint64_t position) = 0;
    virtual void beat(std::uint32_t milliseconds) = 0; // until the next one; 0: no more will come
    // The next RAM from this address on that is not the console's.
    virtual std::optional<MemoryPiece> next_piece(std::uint64_t from) = 0;
};

} // namespace console
