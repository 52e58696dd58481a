// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/mailbox.hpp"

#include <atomic>
#include <gtest/gtest.h>

#include <thread>

namespace vmm {
namespace {

TEST(Mailbox, EachMailIsItsOwn) {
    constexpr Mail kAll[] = {Mail::Interrupts, Mail::Nmi, Mail::Init, Mail::Sipi, Mail::Flush, Mail::Leave, Mail::Stop};
    for (Mail posted : kAll) {
        Mailbox box;
        EXPECT_FALSE(box.any());
        box.post(posted);
        EXPECT_TRUE(box.any());
        const std::uint32_t taken = box.take();
        EXPECT_FALSE(box.any());
        for (Mail asked : kAll)
            EXPECT_EQ(holds(taken, asked), asked == posted);
        EXPECT_EQ(box.take(), 0u);
    }
}

TEST(Mailbox, Collects) {
    Mailbox box;
    box.post(Mail::Init);
    box.post(Mail::Sipi);
    box.post(Mail::Init); // asked for twice, done once
    const std::uint32_t taken = box.take();
    EXPECT_TRUE(holds(taken, Mail::Init) && holds(taken, Mail::Sipi));
    EXPECT_FALSE(holds(taken, Mail::Nmi));
}

TEST(Mailbox, AnInitUndoesTheStartUpBeforeIt) {
    Mailbox box;
    box.post(Mail::Sipi);
    box.post(Mail::Flush);
    box.post_init();
    std::uint32_t taken = box.take();
    EXPECT_TRUE(holds(taken, Mail::Init) && holds(taken, Mail::Flush));
    EXPECT_FALSE(holds(taken, Mail::Sipi));
    box.post_init();
    box.post(Mail::Sipi);
    taken = box.take();
    EXPECT_TRUE(holds(taken, Mail::Init) && holds(taken, Mail::Sipi));
}

// Nothing is lost between threads, and what was written before the flag is seen with it.
TEST(Mailbox, BetweenThreads) {
    constexpr unsigned kRounds = 300;
    Mailbox box;
    std::atomic<unsigned> read{0};
    std::thread sender([&] {
        for (unsigned i = 1; i <= kRounds; i++) {
            box.sipi_vector.store(static_cast<std::uint8_t>(i), std::memory_order_relaxed);
            box.post(Mail::Sipi);
            while (read != i)
                std::this_thread::yield();
        }
    });
    for (unsigned i = 1; i <= kRounds; i++) {
        std::uint32_t taken = 0;
        while ((taken = box.take()) == 0)
            std::this_thread::yield();
        EXPECT_TRUE(holds(taken, Mail::Sipi));
        EXPECT_EQ(box.sipi_vector, static_cast<std::uint8_t>(i));
        read = i;
    }
    sender.join();
}

} // namespace
} // namespace vmm
