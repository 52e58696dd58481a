// SPDX-License-Identifier: GPL-2.0-only
// Sections are those of the 8254 data sheet.
#include "vmm/device/pit_counter.hpp"

#include "tests/unit/device/reference_pit_counter.hpp"

#include <gtest/gtest.h>
#include <random>
#include <string>

namespace vmm::device {
namespace {

using Tick = PitCounter::Tick;

constexpr unsigned kBothBytes = 0x30, kLowByte = 0x10;

std::uint8_t control(unsigned mode, bool bcd = false, unsigned access = kBothBytes) {
    return static_cast<std::uint8_t>(access | mode << 1 | bcd);
}

void write_count(PitCounter &counter, unsigned raw, Tick now) {
    counter.settle(now);
    counter.write(static_cast<std::uint8_t>(raw), now);
    counter.write(static_cast<std::uint8_t>(raw >> 8), now);
}

unsigned read_count(PitCounter counter, Tick now) { // of a copy: nothing is latched
    counter.settle(now);
    const unsigned low = counter.read(now);
    return low | static_cast<unsigned>(counter.read(now)) << 8;
}

bool out(PitCounter counter, Tick now) {
    counter.settle(now);
    return counter.out(now);
}

bool null_count(PitCounter counter, Tick now) {
    counter.settle(now);
    counter.latch_status(now);
    return (counter.read(now) & 0x40) != 0;
}

// The output from the tick of the write on.
std::string wave(const PitCounter &counter, Tick ticks) {
    std::string text;
    for (Tick tick = 0; tick < ticks; tick++)
        text += out(counter, tick) ? '-' : '_';
    return text;
}

std::string wave_of(unsigned mode, unsigned count, Tick ticks) {
    PitCounter counter(mode != 1 && mode != 5);
    counter.set_control(control(mode), 0);
    write_count(counter, count, 0);
    counter.set_gate(true, 0); // the trigger, where it takes one
    return wave(counter, ticks);
}

// "Mode Definitions", figures: the count is loaded by the first pulse after the write or the trigger.
TEST(PitCounter, Waveforms) {
    EXPECT_EQ(wave_of(0, 4, 9), "_____----");
    EXPECT_EQ(wave_of(1, 3, 8), "-___----");
    EXPECT_EQ(wave_of(2, 3, 11), "---_--_--_-");
    EXPECT_EQ(wave_of(3, 4, 12), "---__--__--_");
    EXPECT_EQ(wave_of(3, 5, 13), "----__---__--");
    EXPECT_EQ(wave_of(4, 3, 8), "----_---");
    EXPECT_EQ(wave_of(5, 3, 8), "----_---");
}

TEST(PitCounter, LargestCount) {
    for (const bool bcd : {false, true}) {
        PitCounter counter(true);
        counter.set_control(control(0, bcd), 0);
        write_count(counter, 0, 0);
        const Tick count = bcd ? 10000 : 65536;
        EXPECT_FALSE(out(counter, count));
        EXPECT_TRUE(out(counter, count + 1));
        EXPECT_EQ(counter.next_rise(0), count + 1);
        EXPECT_EQ(read_count(counter, 1), 0u);
        EXPECT_EQ(read_count(counter, 2), bcd ? 0x9999u : 0xffffu);
    }
}

// "Counter Latch Command": held until read, and a second one is ignored.
TEST(PitCounter, Latch) {
    PitCounter counter(true);
    counter.set_control(control(2), 0);
    write_count(counter, 1000, 0);
    counter.latch_count(11);
    counter.latch_count(500);
    EXPECT_EQ(counter.read(600), 990 & 0xff);
    EXPECT_EQ(counter.read(700), 990 >> 8);
    EXPECT_EQ(counter.read(801), 200); // live again
    EXPECT_EQ(counter.read(801), 0);
    counter.latch_count(900);
    counter.set_control(control(2), 901); // "or until the Counter is reprogrammed"
    write_count(counter, 500, 901);
    EXPECT_EQ(read_count(counter, 902), 500u);
}

// "Read-Back Command": status first, whichever was latched first; figure 11: its bits.
TEST(PitCounter, Status) {
    PitCounter counter(true);
    counter.set_control(control(3, true), 0);
    counter.latch_count(0);
    counter.latch_status(0);
    EXPECT_EQ(counter.read(0), 0x80 | 0x40 | 0x30 | 3 << 1 | 1);
    EXPECT_EQ(counter.read(0), 0);
    EXPECT_EQ(counter.read(0), 0);
    write_count(counter, 0x0020, 0);
    EXPECT_TRUE(null_count(counter, 0));
    EXPECT_FALSE(null_count(counter, 1));
    counter.latch_status(11);
    counter.latch_status(1); // ignored
    EXPECT_EQ(counter.read(11), 0x30 | 3 << 1 | 1);
}

// "Control Word Format": RW1, RW0.
TEST(PitCounter, SingleBytes) {
    PitCounter counter(true);
    counter.set_control(control(0, false, kLowByte), 0);
    counter.write(200, 0);
    EXPECT_EQ(counter.next_rise(0), 201);
    EXPECT_EQ(counter.read(101), 100);
    EXPECT_EQ(counter.read(102), 99);
    counter.set_control(control(0, false, 0x20), 200);
    counter.write(2, 200);
    EXPECT_EQ(counter.next_rise(200), 200 + 513);
    EXPECT_EQ(counter.read(200 + 1), 2);
    EXPECT_EQ(counter.read(200 + 2), 1);
}

// "Mode 0": a new count, in one byte or two, puts the output low.
TEST(PitCounter, ModeZeroIsWrittenAgain) {
    PitCounter counter(true);
    counter.set_control(control(0), 0);
    write_count(counter, 5, 0);
    counter.write(9, 3);
    EXPECT_FALSE(counter.out(100));
    EXPECT_EQ(counter.next_rise(3), PitCounter::kFar);
    counter.write(0, 100);
    EXPECT_EQ(counter.next_rise(100), 110);
    EXPECT_TRUE(counter.out(110));
}

// Hours of a fast square wave cost nothing and stay in step.
TEST(PitCounter, FarAhead) {
    PitCounter counter(true);
    counter.set_control(control(3), 0);
    write_count(counter, 7, 0);
    const Tick far = Tick{1} << 60;
    const Tick rise = counter.next_rise(far);
    EXPECT_GT(rise, far);
    EXPECT_LE(rise, far + 7);
    EXPECT_EQ((rise - 1) % 7, 0);
    EXPECT_FALSE(out(counter, rise - 1));
    EXPECT_TRUE(out(counter, rise));
}

// Random programs against the counter that is clocked pulse by pulse.
class Differential {
  public:
    Differential(unsigned seed, bool with_gate) : random_(seed), with_gate_(with_gate) {}

    void run(Tick ticks) {
        program();
        for (; now_ < ticks; clock()) {
            if (random_() % 16 == 0)
                act();
            compare();
            if (testing::Test::HasFailure())
                return;
        }
    }

  private:
    unsigned pick(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

    void act() {
        expected_rise_ = kUnknown;
        counter_.settle(now_);
        rare_.settle(now_);
        switch (pick(with_gate_ ? 8 : 3)) {
        case 0:
            return program();
        case 1:
        case 2:
            return write();
        default:
            gate_ = !gate_;
            counter_.set_gate(gate_, now_);
            rare_.set_gate(gate_, now_);
            reference_.set_gate(gate_);
        }
    }

    void program() {
        const unsigned mode = mode_ = pick(6);
        bcd_ = pick(4) == 0;
        counter_.set_control(control(mode, bcd_), now_);
        rare_.set_control(control(mode, bcd_), now_);
        reference_.set_control(mode, bcd_);
        if (pick(4) != 0)
            write();
    }

    void write() {
        unsigned count = pick(8) == 0 ? pick(0x30) : pick(10);
        if (bcd_ && (count & 15) > 9)
            count &= 0xf0;
        const auto low = static_cast<std::uint8_t>(count);
        counter_.write(low, now_);
        rare_.write(low, now_);
        reference_.write_first_byte();
        for (unsigned wait = pick(3); wait > 0; wait--) {
            compare();
            clock();
            counter_.settle(now_);
            rare_.settle(now_);
        }
        expected_rise_ = kUnknown;
        counter_.write(0, now_);
        rare_.write(0, now_);
        reference_.write_count(count);
    }

    void clock() {
        const bool before = reference_.out();
        reference_.clock();
        now_++;
        const bool rises = !before && reference_.out();
        if (expected_rise_ != kUnknown) {
            EXPECT_EQ(rises, now_ == expected_rise_) << "tick " << now_ << ", expected at " << expected_rise_;
        }
        if (rises)
            expected_rise_ = kUnknown;
    }

    // One is brought up to date at each pulse, the other only when it is written.
    void compare() {
        counter_.settle(now_);
        for (const PitCounter *counter : {&counter_, &rare_}) {
            EXPECT_EQ(out(*counter, now_), reference_.out()) << "tick " << now_;
            EXPECT_EQ(read_count(*counter, now_), reference_.value()) << "tick " << now_;
            EXPECT_EQ(null_count(*counter, now_), reference_.null_count()) << "tick " << now_ << " mode " << mode_;
        }
        if (expected_rise_ == kUnknown && !with_gate_)
            expected_rise_ = counter_.next_rise(now_);
    }

    static constexpr Tick kUnknown = -1;

    std::mt19937 random_;
    bool with_gate_;
    bool gate_ = true;
    bool bcd_ = false;
    unsigned mode_ = 0;
    Tick now_ = 0;
    Tick expected_rise_ = kUnknown;
    PitCounter counter_{true};
    PitCounter rare_{true};
    test::ReferencePitCounter reference_;
};

TEST(PitCounterDifferential, OpenGate) {
    for (unsigned seed = 0; seed < 1500 && !HasFailure(); seed++) {
        SCOPED_TRACE(seed);
        Differential(seed, false).run(400);
    }
}

TEST(PitCounterDifferential, GateMoves) {
    for (unsigned seed = 0; seed < 1500 && !HasFailure(); seed++) {
        SCOPED_TRACE(seed);
        Differential(seed, true).run(400);
    }
}

// The counts that are too long for many of them.
TEST(PitCounterDifferential, LongCounts) {
    for (unsigned mode = 0; mode < 6; mode++)
        for (const unsigned raw : {0u, 0x9999u, 0x8001u}) {
            const bool bcd = raw == 0x9999;
            PitCounter counter(mode != 1 && mode != 5);
            test::ReferencePitCounter reference;
            reference.set_gate(mode != 1 && mode != 5);
            counter.set_control(control(mode, bcd), 0);
            reference.set_control(mode, bcd);
            write_count(counter, raw, 0);
            reference.write_count(raw);
            counter.set_gate(true, 0);
            reference.set_gate(true);
            for (Tick now = 0; now < 200000; now++, reference.clock()) {
                ASSERT_EQ(counter.out(now), reference.out()) << mode << " " << raw << " " << now;
                ASSERT_EQ(read_count(counter, now), reference.value()) << mode << " " << raw << " " << now;
            }
        }
}

} // namespace
} // namespace vmm::device
