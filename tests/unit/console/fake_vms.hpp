// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "console/device/vmm_device.hpp"

namespace console::test {

struct FakeVm {
    vmnix_vm_info info{};
    vmnix_vm_config config{};
    std::map<std::uint64_t, std::string> writes;
    std::optional<vmnix_boot_state> entry;
    std::string output; // from position `lost` on
    std::uint64_t lost = 0;
    std::string input;
    std::size_t uart_room = SIZE_MAX;
    std::vector<vmnix_vm_order> orders;
};

// The service console's own record.
struct FakeConsole {
    vmnix_console_info info{};
    std::vector<vmnix_package> loads;
    VmAnswer load_answer = VmAnswer::Ok;
    std::vector<std::uint32_t> orders, beats;
    std::string log;
    std::vector<MemoryPiece> taken;
};

// VMs as a VMM keeps them, with hooks for what guests do. Its clock runs at 1 MHz.
class FakeVms {
  public:
    std::map<std::uint32_t, FakeVm> list;
    std::uint64_t tsc = 3'000'000;
    std::uint32_t last_id = 0, events = 0;
    vmnix_memory_info memory{};
    FakeConsole console; // seen with VMNIX_FEATURE_RESTART
    vmnix_vm_share console_share{1000, 0, 0, 0, {}};
    bool tells_console = true;
    std::vector<std::uint32_t> waits; // milliseconds
    VmAnswer create_answer = VmAnswer::Ok, write_answer = VmAnswer::Ok, start_answer = VmAnswer::Ok,
             share_answer = VmAnswer::Ok;
    std::uint64_t needed = 0, available = 0;
    unsigned busy = 0; // so many orders are answered with "wrong state" whatever the state
    std::function<void(FakeVm &)> on_start, on_power_button;
    std::function<void(std::uint32_t ms)> on_wait;
    std::recursive_mutex mutex; // a console session asks from two threads

    FakeVm &named(const std::string &name) {
        for (auto &[id, vm] : list)
            if (vm.info.name == name)
                return vm;
        throw std::runtime_error("the fake has no VM " + name);
    }
    bool has(const std::string &name) const {
        return std::any_of(list.begin(), list.end(), [&](const auto &entry) { return entry.second.info.name == name; });
    }

    // One that runs, as if another command had made it.
    FakeVm &add(const std::string &name, std::uint32_t state = VMNIX_VM_STATE_RUNNING) {
        vmnix_vm_create request{};
        request.config.size = sizeof request.config;
        request.config.vcpus = 2;
        request.config.memory = 128 << 20;
        name.copy(request.config.name, VMNIX_VM_NAME - 1);
        request.config.uuid[0] = 0xab;
        request.config.uuid[1] = static_cast<std::uint8_t>(last_id + 1);
        request.config.share.shares = 1000;
        request.config.console_size = 65536;
        (void)create(request);
        FakeVm &vm = list.at(request.id);
        vm.info.started_tsc = 1'000'000;
        vm.info.state = state;
        return vm;
    }

    void end(FakeVm &vm, vmnix_vm_ending how) {
        vm.info.state = VMNIX_VM_STATE_ENDED;
        vm.info.ending = how;
        vm.info.ended_tsc = tsc;
        ++events;
        if (vm.config.flags & VMNIX_VM_AUTO_REMOVE)
            list.erase(vm.info.id);
    }

    VmAnswer create(vmnix_vm_create &request) {
        if (create_answer != VmAnswer::Ok) {
            request.needed = needed;
            request.available = available;
            return create_answer;
        }
        if (has(request.config.name))
            return VmAnswer::Taken;
        FakeVm &vm = list[request.id = ++last_id];
        vm.config = request.config;
        vm.info.size = sizeof vm.info;
        vm.info.id = last_id;
        vm.info.state = VMNIX_VM_STATE_CREATED;
        std::memcpy(vm.info.name, request.config.name, VMNIX_VM_NAME);
        std::memcpy(vm.info.uuid, request.config.uuid, 16);
        vm.info.memory = request.config.memory;
        vm.info.console_size = request.config.console_size;
        vm.info.vcpus = request.config.vcpus;
        vm.info.flags = request.config.flags;
        vm.info.share = request.config.share;
        vm.info.definition_size = request.config.definition_size;
        vm.info.created_tsc = tsc;
        return VmAnswer::Ok;
    }

    VmAnswer order(FakeVm &vm, vmnix_vm_order order) {
        if (busy > 0 && busy--)
            return VmAnswer::WrongState;
        vm.orders.push_back(order);
        const std::uint32_t state = vm.info.state;
        const bool runs = state == VMNIX_VM_STATE_RUNNING, paused = state == VMNIX_VM_STATE_PAUSED;
        switch (order) {
        case VMNIX_VM_PAUSE:
            return move(vm, runs, VMNIX_VM_STATE_PAUSED);
        case VMNIX_VM_RESUME:
            return move(vm, paused, VMNIX_VM_STATE_RUNNING);
        case VMNIX_VM_POWER_BUTTON:
            if (runs && on_power_button)
                on_power_button(vm);
            return runs ? VmAnswer::Ok : VmAnswer::WrongState;
        case VMNIX_VM_KILL:
            if (runs || paused)
                end(vm, VMNIX_VM_KILLED);
            return runs || paused ? VmAnswer::Ok : VmAnswer::WrongState;
        case VMNIX_VM_RESET:
            vm.writes.clear();
            vm.entry.reset();
            vm.info.ending = VMNIX_VM_NOT_ENDED;
            vm.info.ended_tsc = 0;
            return move(vm, state != VMNIX_VM_STATE_CREATED, VMNIX_VM_STATE_CREATED);
        case VMNIX_VM_REMOVE:
            if (runs || paused)
                return VmAnswer::WrongState;
            list.erase(vm.info.id);
            return VmAnswer::Ok;
        }
        return VmAnswer::Invalid;
    }

  private:
    static VmAnswer move(FakeVm &vm, bool may, std::uint32_t state) {
        if (may)
            vm.info.state = state;
        return may ? VmAnswer::Ok : VmAnswer::WrongState;
    }
};

// The part of a device that deals with VMs.
class FakeVmDevice : public VmmDevice {
  public:
    explicit FakeVmDevice(FakeVms &vms) : vms_(vms) {}

    vmnix_memory_info memory() override { return vms_.memory; }
    VmAnswer create_vm(vmnix_vm_create &request) override {
        const std::lock_guard lock(vms_.mutex);
        return vms_.create(request);
    }
    VmAnswer write_vm(std::uint32_t id, std::uint64_t to, std::span<const std::byte> bytes) override {
        const std::lock_guard lock(vms_.mutex);
        FakeVm *vm = find(id);
        if (!vm || vm->info.state != VMNIX_VM_STATE_CREATED)
            return vm ? VmAnswer::WrongState : VmAnswer::NotFound;
        if (vms_.write_answer == VmAnswer::Ok)
            vm->writes[to] = {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
        return vms_.write_answer;
    }
    VmAnswer start_vm(std::uint32_t id, const vmnix_boot_state &state) override {
        const std::lock_guard lock(vms_.mutex);
        FakeVm *vm = find(id);
        if (!vm || vm->info.state != VMNIX_VM_STATE_CREATED)
            return vm ? VmAnswer::WrongState : VmAnswer::NotFound;
        if (vms_.start_answer != VmAnswer::Ok)
            return vms_.start_answer;
        vm->entry = state;
        vm->info.state = VMNIX_VM_STATE_RUNNING;
        vm->info.started_tsc = vms_.tsc;
        if (vms_.on_start)
            vms_.on_start(*vm);
        return VmAnswer::Ok;
    }
    VmAnswer order_vm(std::uint32_t id, vmnix_vm_order order) override {
        const std::lock_guard lock(vms_.mutex);
        FakeVm *vm = find(id);
        return vm ? vms_.order(*vm, order) : VmAnswer::NotFound;
    }
    VmAnswer set_share(std::uint32_t id, const vmnix_vm_share &share) override {
        const std::lock_guard lock(vms_.mutex);
        FakeVm *vm = find(id);
        if (id != 0 && !vm)
            return VmAnswer::NotFound;
        if (vms_.share_answer == VmAnswer::Ok)
            (id ? vm->info.share : vms_.console_share) = share;
        return vms_.share_answer;
    }
    std::optional<vmnix_vm_info> vm_info(std::uint32_t id) override {
        const std::lock_guard lock(vms_.mutex);
        if (id == 0 && vms_.tells_console) {
            vmnix_vm_info info{};
            info.share = vms_.console_share;
            return info;
        }
        const FakeVm *vm = find(id);
        return vm ? std::optional(told(*vm)) : std::nullopt;
    }
    std::optional<vmnix_vm_info> next_vm(std::uint32_t id) override {
        const std::lock_guard lock(vms_.mutex);
        const auto next = vms_.list.upper_bound(id);
        return next == vms_.list.end() ? std::nullopt : std::optional(told(next->second));
    }
    std::optional<std::string> vm_definition(std::uint32_t id) override {
        const FakeVm *vm = find(id);
        return vm ? std::optional(std::string(vm->config.definition, vm->config.definition_size)) : std::nullopt;
    }
    std::optional<vmnix_world_info> world(std::uint32_t id, std::uint32_t vcpu) override {
        const FakeVm *vm = find(id);
        if (!vm || vcpu >= vm->info.vcpus)
            return std::nullopt;
        vmnix_world_info world{};
        world.size = sizeof world;
        world.cpu = vcpu;
        world.on_cpu = 1;
        world.run_tsc = 500'000;
        world.exits[VMNIX_EXIT_PORT] = 7;
        return world;
    }
    std::optional<ConsolePiece> read_console(std::uint32_t id, std::uint64_t position) override {
        const std::lock_guard lock(vms_.mutex);
        const FakeVm *vm = find(id);
        if (!vm)
            return std::nullopt;
        position = std::max(position, vm->lost);
        return ConsolePiece{position, vm->output.substr(position - vm->lost, 5)}; // in small pieces
    }
    std::optional<std::size_t> write_console(std::uint32_t id, std::string_view bytes) override {
        const std::lock_guard lock(vms_.mutex);
        FakeVm *vm = find(id);
        if (!vm)
            return std::nullopt;
        const std::size_t taken = std::min(bytes.size(), vm->uart_room);
        vm->uart_room -= taken;
        vm->input += bytes.substr(0, taken);
        return taken;
    }
    bool wait_for_event(std::uint32_t &events, std::uint32_t timeout_ms) override {
        const std::lock_guard lock(vms_.mutex);
        vms_.waits.push_back(timeout_ms);
        if (vms_.on_wait)
            vms_.on_wait(timeout_ms);
        const bool news = vms_.events != events;
        events = vms_.events;
        return news;
    }

    vmnix_console_info console_info() override { return vms_.console.info; }
    VmAnswer set_console(const vmnix_console_policy &policy) override {
        vms_.console.info.policy = policy;
        return VmAnswer::Ok;
    }
    VmAnswer load_package(vmnix_package_load &request) override {
        vms_.console.loads.push_back(request.package);
        request.needed = 64 << 20;
        request.available = 32 << 20;
        if (vms_.console.load_answer == VmAnswer::Ok) {
            vms_.console.info.package_bytes = request.package.bytes;
            std::memcpy(vms_.console.info.package_text, request.package.text, sizeof request.package.text);
        }
        return vms_.console.load_answer;
    }
    VmAnswer drop_package() override {
        vms_.console.info.package_bytes = 0;
        return VmAnswer::Ok;
    }
    VmAnswer order_console(const vmnix_console_order &order) override {
        vms_.console.orders.push_back(order.end);
        return vms_.console.info.package_bytes ? VmAnswer::WrongState : VmAnswer::NotFound;
    }
    ConsolePiece read_console_log(std::uint64_t position) override {
        const std::string &log = vms_.console.log;
        return {position, log.substr(std::min<std::size_t>(position, log.size()), 5)}; // in small pieces
    }
    void beat(std::uint32_t milliseconds) override { vms_.console.beats.push_back(milliseconds); }
    std::optional<MemoryPiece> next_piece(std::uint64_t from) override {
        for (const MemoryPiece &piece : vms_.console.taken)
            if (piece.base >= from)
                return piece;
        return std::nullopt;
    }

  private:
    FakeVm *find(std::uint32_t id) {
        const auto found = vms_.list.find(id);
        return found == vms_.list.end() ? nullptr : &found->second;
    }
    vmnix_vm_info told(const FakeVm &vm) const {
        vmnix_vm_info info = vm.info;
        info.tsc = vms_.tsc;
        info.console_head = vm.lost + vm.output.size();
        return info;
    }
    FakeVms &vms_;
};

} // namespace console::test
