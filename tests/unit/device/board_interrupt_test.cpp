// SPDX-License-Identifier: GPL-2.0-only
// Timers' deadlines, and the same line at both interrupt controllers.
#include "vmm/device/board.hpp"

#include "tests/unit/device/board_fixture.hpp"

#include <random>

namespace vmm::device::test {
namespace {

constexpr unsigned kHz100 = 11932;

TEST_F(BoardTest, TimerThroughThePic) {
    initialize_pics();
    set_pit(2, kHz100, 0);
    EXPECT_EQ(board.deadline(), kNever); // masked at both
    out(0x21, 0xfe);
    board.pic_acknowledge(); // the control word's edge
    out(0x20, 0x20);
    for (std::uint64_t n = 1; n < 100; n++) {
        const std::uint64_t now = board.deadline();
        ASSERT_EQ(now, Pit8254::Time::time(1 + n * kHz100));
        board.run(now);
        ASSERT_TRUE(board.pic_intr());
        EXPECT_EQ(board.deadline(), kNever); // one request is all that a PIC remembers
        EXPECT_EQ(board.pic_acknowledge(), 0x30);
        out(0x20, 0x20, now);
    }
}

TEST_F(BoardTest, TimerThroughTheIoapic) {
    initialize_pics();
    set_pit(2, kHz100, 0);
    set_entry(Board::kTimerPin, ioapic::Vector::make(0x30));
    EXPECT_EQ(messages(), Vectors{}); // edges of the past are lost
    for (std::uint64_t n = 1; n < 100; n++) {
        const std::uint64_t now = board.deadline();
        ASSERT_EQ(now, Pit8254::Time::time(1 + n * kHz100));
        board.run(now - 1);
        ASSERT_EQ(messages(), Vectors{});
        board.run(now);
        ASSERT_EQ(messages(), Vectors{0x30});
    }
    set_entry(Board::kTimerPin, ioapic::Masked::make(true), kHour);
    messages();
    EXPECT_EQ(board.deadline(), kNever);
}

// What was missed while the pin was masked does not come when it is opened.
TEST_F(BoardTest, UnmaskedLater) {
    initialize_pics();
    set_pit(2, kHz100, 0);
    set_entry(Board::kTimerPin, ioapic::Vector::make(0x30), kHour);
    EXPECT_EQ(messages(), Vectors{});
    out(0x21, 0xfe, 2 * kHour);
    EXPECT_TRUE(board.pic_intr()); // but a PIC remembers
}

TEST_F(BoardTest, PausedForAnHour) {
    set_entry(Board::kTimerPin, ioapic::Vector::make(0x30));
    set_pit(3, 2, 0);
    messages();
    board.run(kHour);
    EXPECT_EQ(messages(), Vectors{0x30});
    EXPECT_EQ(board.deadline(), kHour + Board::kShortestTick); // 600 kHz is no timer
    board.run(board.deadline());
    EXPECT_EQ(messages(), Vectors{0x30});
}

// A kernel that has other timers stops this one, or leaves it running and masked.
TEST_F(BoardTest, IdleCostsNothing) {
    initialize_pics();
    out(0x70, 0x0b);
    out(0x71, 0x02);
    set_pit(0, 0, 0);
    EXPECT_EQ(board.deadline(), kNever);
    set_entry(Board::kTimerPin, ioapic::Vector::make(0x30));
    EXPECT_LT(board.deadline(), kSecond);
    board.run(board.deadline());
    EXPECT_EQ(messages(), Vectors{0x30});
    EXPECT_EQ(board.deadline(), kNever);
}

TEST_F(BoardTest, ClockInterrupt) {
    initialize_pics();
    out(0x70, 0x0b);
    out(0x71, 0x12); // update-ended
    EXPECT_EQ(board.deadline(), kNever);
    set_entry(8, ioapic::Vector::make(0x38));
    EXPECT_EQ(board.deadline(), kSecond);
    board.run(kSecond);
    EXPECT_EQ(messages(), Vectors{0x38});
    EXPECT_EQ(board.deadline(), kNever);
    out(0x70, 0x0c, kSecond);
    EXPECT_EQ(in(0x71, kSecond), 0xd0u);
    EXPECT_EQ(board.deadline(), 2 * kSecond);
    set_entry(8, ioapic::Masked::make(true), kSecond);
    out(0xa1, 0xfe, kSecond);
    EXPECT_EQ(board.deadline(), kNever); // the cascade is masked
    out(0x21, 0xfb, kSecond);
    EXPECT_EQ(board.pic_acknowledge(), 0x38); // of the second before
    EXPECT_EQ(board.deadline(), 2 * kSecond);
}

TEST_F(BoardTest, PowerManagementTimerCarry) {
    initialize_pics();
    board.write(0x602, 2, 0x0001, 0);
    EXPECT_EQ(board.deadline(), kNever);
    set_entry(9, ioapic::Vector::make(0x39) | ioapic::Level::make(true));
    const std::uint64_t carry = AcpiPm::Timer::time(1ull << 31);
    EXPECT_EQ(board.deadline(), carry);
    board.run(carry);
    EXPECT_EQ(messages(), Vectors{0x39});
}

// Two ways for one line: with a handler that ends each interrupt at once, both controllers tell the same.
class TwoWays {
  public:
    TwoWays(unsigned line, bool level) : line_(line), level_(level) {
        pic_.write_first(0, 0x11), pic_.write_first(1, 0x30), pic_.write_first(1, 4), pic_.write_first(1, 3);
        pic_.write_second(0, 0x11), pic_.write_second(1, 0x38), pic_.write_second(1, 2), pic_.write_second(1, 3);
        if (level)
            pic_.write_trigger(line / 8, static_cast<std::uint8_t>(1u << line % 8));
        ioapic_.write(ioapic::kSelectOffset, ioapic::kFirstEntryIndex + 2 * line);
        ioapic_.write(ioapic::kWindowOffset,
                      static_cast<std::uint32_t>(ioapic::Level::make(level) |
                                                 ioapic::Vector::make(static_cast<std::uint8_t>(0x30 + line))));
    }
    void set_line(bool asserted) {
        pic_.set_line(line_, asserted);
        ioapic_.set_line(line_, asserted);
    }
    unsigned from_pic() { return pic_.intr() ? pic_.acknowledge() : 0; } // it ends by itself
    unsigned from_ioapic() {
        Ipi message{};
        const unsigned vector = ioapic_.take_message(message) ? message.vector : 0;
        if (level_)
            ioapic_.eoi(static_cast<std::uint8_t>(vector));
        return vector;
    }

  private:
    unsigned line_;
    bool level_;
    PicPair pic_;
    Ioapic ioapic_;
};

TEST(BothControllers, TellTheSame) {
    std::mt19937 random(1);
    for (const unsigned line : {3u, 4u, 5u, 9u, 10u, 12u, 15u})
        for (const bool level : {false, true}) {
            TwoWays ways(line, level);
            for (int n = 0; n < 2000; n++) {
                ways.set_line(random() % 2 != 0);
                if (random() % 2 != 0) {
                    const unsigned vector = ways.from_pic();
                    ASSERT_EQ(vector, ways.from_ioapic());
                    ASSERT_TRUE(vector == 0 || vector == 0x30 + line);
                }
            }
        }
}

} // namespace
} // namespace vmm::device::test
