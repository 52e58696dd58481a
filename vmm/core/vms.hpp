// SPDX-License-Identifier: GPL-2.0-only
// The VMs that exist, by id. Ids are never used twice.
#pragma once

#include "vmm/base/result.hpp"
#include "vmnix/abi/hypercall/hypercall.h"

#include <array>
#include <cstdint>

namespace vmm {

struct Vm;

class Vms {
  public:
    Vm *find(std::uint64_t id) const {
        for (const Slot &slot : slots_)
            if (slot.vm && slot.id == id)
                return slot.vm;
        return nullptr;
    }

    // The id that the next VM gets; OutOfRange when there is no room.
    Result<std::uint32_t> next_id() const {
        for (const Slot &slot : slots_)
            if (!slot.vm)
                return last_id_ + 1;
        return Errc::OutOfRange;
    }
    // After next_id().
    void add(std::uint32_t id, Vm &vm) {
        for (Slot &slot : slots_)
            if (!slot.vm) {
                slot = {&vm, id};
                last_id_ = id;
                return;
            }
    }
    void remove(std::uint32_t id) {
        for (Slot &slot : slots_)
            if (slot.id == id)
                slot = {};
    }

    // The function may remove the VM that it gets.
    template <class Function> void each(Function function) const {
        for (const Slot &slot : slots_)
            if (slot.vm)
                function(*slot.vm);
    }

  private:
    struct Slot {
        Vm *vm = nullptr;
        std::uint32_t id = 0;
    };
    std::array<Slot, VMNIX_MAX_VMS> slots_{};
    std::uint32_t last_id_ = 0;
};

} // namespace vmm
