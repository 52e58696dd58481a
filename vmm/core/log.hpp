// SPDX-License-Identifier: GPL-2.0-only
// The VMM's log: a ring of text with positions that only grow, so that a reader knows what it missed.
#pragma once

#include "vmm/base/spin_lock.hpp"
#include "vmm/core/text.hpp"

#include <span>

namespace vmm {

class LogRing {
  public:
    // `storage` outlives the ring.
    void use(std::span<char> storage) { storage_ = storage; }

    void append(std::string_view text) {
        if (storage_.empty())
            return;
        for (char c : text)
            storage_[head_++ % storage_.size()] = c;
    }

    std::uint64_t head() const { return head_; }
    std::uint64_t size() const { return storage_.size(); }
    std::uint64_t oldest() const { return head_ > storage_.size() ? head_ - storage_.size() : 0; }

    // Copies from `position`, or from the oldest byte kept when that is later. Returns bytes; moves position to the
    // first.
    unsigned read(std::uint64_t &position, std::span<char> to) const {
        if (position < oldest())
            position = oldest();
        if (position > head_)
            position = head_;
        unsigned n = 0;
        while (n < to.size() && position + n < head_) {
            to[n] = storage_[(position + n) % storage_.size()];
            n++;
        }
        return n;
    }

  private:
    std::span<char> storage_;
    std::uint64_t head_ = 0;
};

// One line, stamped with seconds since the launch. Safe on every CPU outside of the log's own lock.
void log_line(std::string_view text);

template <class... Parts> void log(Parts... parts) {
    log_line(Text(parts...).view());
}

} // namespace vmm
