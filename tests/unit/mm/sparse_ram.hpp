// SPDX-License-Identifier: GPL-2.0-only
// SparseRam: guest RAM of single pages, each allocated by itself so that the sanitizer sees a step over its edge.
#pragma once

#include "vmm/base/types.hpp"

#include <array>
#include <cstring>
#include <map>
#include <memory>

namespace vmm::test {

class SparseRam {
  public:
    using Page = std::array<std::byte, kPageSize>;

    // What GuestMemory and translate() ask for.
    std::byte *at(Gpa address) const {
        const auto found = pages_.find(address.page().raw());
        return found == pages_.end() ? nullptr : found->second->data() + address.page_offset();
    }

    Page &add(std::uint64_t address) {
        auto &page = pages_[align(address)];
        if (!page)
            page = std::make_unique<Page>();
        return *page;
    }
    void remove(std::uint64_t address) { pages_.erase(align(address)); }

    template <class T> void put(std::uint64_t address, T value) {
        add(address);
        std::memcpy(at(Gpa(address)), &value, sizeof(value));
    }
    template <class T = std::uint64_t> T get(std::uint64_t address) const {
        T value;
        std::memcpy(&value, at(Gpa(address)), sizeof(value));
        return value;
    }
    std::size_t pages() const { return pages_.size(); }

  private:
    static std::uint64_t align(std::uint64_t address) { return address & ~(kPageSize - 1); }
    std::map<std::uint64_t, std::unique_ptr<Page>> pages_;
};

} // namespace vmm::test
