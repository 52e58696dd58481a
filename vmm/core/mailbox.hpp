// SPDX-License-Identifier: GPL-2.0-only
// What other CPUs ask of this one. The sender stores its request, raises the flag and kicks; the owner looks at the
// flags after every exit. A kick that arrives between look and entry is a pending physical interrupt and ends the
// entry.
#pragma once

#include <atomic>
#include <cstdint>

namespace vmm {

enum class Mail : std::uint32_t {
    Interrupts = 1 << 0, // something was posted to the virtual local APIC
    Nmi = 1 << 1,
    Init = 1 << 2,
    Sipi = 1 << 3, // sipi_vector is valid
    Flush = 1 << 4,
    Leave = 1 << 5,
    Stop = 1 << 6, // another CPU panicked
    Look = 1 << 7, // at the VM's devices
    End = 1 << 8,  // the console is over
};

class Mailbox {
  public:
    bool any() const { return flags_.load(std::memory_order_relaxed) != 0; }
    // What the sender wrote before is visible to the taker. Sequentially consistent: see notify() in core/schedule.cpp.
    void post(Mail mail) { flags_.fetch_or(static_cast<std::uint32_t>(mail)); }
    // A start-up message before it is of the time before.
    void post_init() {
        std::uint32_t old = flags_.load();
        while (!flags_.compare_exchange_weak(old, (old & ~static_cast<std::uint32_t>(Mail::Sipi)) |
                                                      static_cast<std::uint32_t>(Mail::Init))) {
        }
    }
    std::uint32_t take() { return flags_.exchange(0, std::memory_order_acquire); }

    std::atomic<std::uint8_t> sipi_vector{0};

  private:
    std::atomic<std::uint32_t> flags_{0};
};

constexpr bool holds(std::uint32_t mails, Mail mail) {
    return mails & static_cast<std::uint32_t>(mail);
}

} // namespace vmm
