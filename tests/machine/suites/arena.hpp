// SPDX-License-Identifier: GPL-2.0-only
// VMM memory as the emulator sees it: a copy of the arena, and the page tables in it.
#pragma once

#include "tests/machine/suites/console.hpp"
#include "vmm/mm/amd64_format.hpp"
#include "vmm/svm/vmcb.hpp"
#include "vmnix/abi/handover/handover.h"

namespace suites {

// One mapping of a page table.
struct Leaf {
    std::uint64_t va = 0, pa = 0, size = 0;
    bool write = false, execute = false, user = false;
    vmm::MemoryType type{};
};

class Arena {
  public:
    // Copies the arena of a launched console; the machine is stopped meanwhile, so it is all of one moment.
    explicit Arena(Console &console);
    Arena(Console &console, std::uint64_t base, std::uint64_t size);

    std::uint64_t base() const { return base_; }
    std::uint64_t size() const { return bytes_.size(); }
    bool contains(std::uint64_t physical) const { return physical - base_ < size(); }
    std::span<const std::uint64_t> page(std::uint64_t physical) const;
    template <class T> const T &at(std::uint64_t physical) const {
        return *reinterpret_cast<const T *>(bytes_.data() + (physical - base_)); // both sides share the layout by ABI
    }

    // What the module told the VMM, known by its own address in it.
    const vmnix_handover &handover() const;
    const vmnix_handover_cpu &cpu(unsigned index) const;
    // The control blocks in use: nested paging on, tables in the arena, a guest state that can run.
    std::vector<const vmm::svm::Vmcb *> control_blocks() const;
    // Every mapping below a root, in order. Tables lie in the arena or the walk throws.
    std::vector<Leaf> leaves(std::uint64_t root, unsigned levels) const;

  private:
    void walk(std::uint64_t table, unsigned level, bool is_root, Leaf above, std::vector<Leaf> &out) const;
    std::uint64_t base_;
    std::vector<std::byte> bytes_;
};

} // namespace suites
