// SPDX-License-Identifier: GPL-2.0-only
// FakeFrames: zeroed table pages at made-up physical addresses, as many as a test allows.
#pragma once

#include "vmm/base/result.hpp"
#include "vmm/base/types.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace vmm::test {

class FakeFrames {
  public:
    using Page = std::array<std::uint64_t, 512>;
    static constexpr std::uint64_t kFirst = 0x7'0000'0000;

    explicit FakeFrames(unsigned most = 4096) : most_(most) {}

    Result<Hpa> allocate() {
        if (pages_.size() == most_)
            return Errc::NoMemory;
        pages_.push_back(std::make_unique<Page>());
        return Hpa(kFirst + (pages_.size() - 1) * kPageSize);
    }
    std::uint64_t *table(Hpa frame) { return pages_.at((frame.raw() - kFirst) / kPageSize)->data(); }

    void allow(unsigned more) { most_ = static_cast<unsigned>(pages_.size()) + more; }
    std::size_t used() const { return pages_.size(); }
    std::vector<Page> snapshot() const {
        std::vector<Page> copy;
        for (const auto &page : pages_)
            copy.push_back(*page);
        return copy;
    }

  private:
    unsigned most_;
    std::vector<std::unique_ptr<Page>> pages_;
};

} // namespace vmm::test
