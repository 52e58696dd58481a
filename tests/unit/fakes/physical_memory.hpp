// SPDX-License-Identifier: GPL-2.0-only
// PhysicalMemory: what lies behind the VMM's map of physical memory. Address space is reserved for all of it and
// readable where a test put memory: an access to anything else ends the test with a fault, as the sanitizer reports.
#pragma once

#include "vmm/base/types.hpp"

#include <span>

namespace vmm::test {

class PhysicalMemory {
  public:
    static constexpr std::uint64_t kReserved = 16ull << 30;

    PhysicalMemory(); // empty; there is one at a time
    ~PhysicalMemory();
    PhysicalMemory(const PhysicalMemory &) = delete;
    PhysicalMemory &operator=(const PhysicalMemory &) = delete;

    // Zeroed memory in whole pages.
    void add(std::uint64_t address, std::uint64_t size);
    // Takes the access away and gives it back; the content stays.
    void forbid(std::uint64_t address, std::uint64_t size);
    void permit(std::uint64_t address, std::uint64_t size);

    std::span<std::byte> bytes(std::uint64_t address, std::uint64_t size) const;
    template <class T> T &at(std::uint64_t address) const {
        return *reinterpret_cast<T *>(bytes(address, sizeof(T)).data()); // aligned as the test chose
    }
};

// A page at one fixed virtual address, for the device pages of the VMM.
class FixedPage {
  public:
    explicit FixedPage(std::uint64_t va, std::uint64_t size = kPageSize);
    ~FixedPage();
    FixedPage(const FixedPage &) = delete;
    FixedPage &operator=(const FixedPage &) = delete;

  private:
    std::uint64_t va_, size_;
};

} // namespace vmm::test
