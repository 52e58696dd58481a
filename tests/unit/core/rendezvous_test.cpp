// SPDX-License-Identifier: GPL-2.0-only
// The rendezvous with real threads. Time is real too: long where nobody may be late, short where somebody is.
#include "vmm/core/rendezvous.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>
#include <thread>
#include <vector>

namespace vmm {
namespace {

using Word = Rendezvous::Word;
using Words = std::vector<Word>;
constexpr std::uint64_t kMilliseconds = 1'000'000, kLong = 60'000 * kMilliseconds, kShort = 30 * kMilliseconds;

std::uint64_t now() {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}
void relax() {
    std::this_thread::yield();
}

// Every CPU does the same; the words that they are told.
Words on_cpus(unsigned cpus, const std::function<Word(unsigned)> &perform) {
    Words words(cpus, Word::Off);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < cpus; i++)
        threads.emplace_back([&, i] { words[i] = perform(i); });
    for (std::thread &thread : threads)
        thread.join();
    return words;
}

class RendezvousTest : public testing::Test {
  protected:
    void expect(unsigned cpus, std::uint64_t timeout = kLong) { rendezvous_.expect(cpus, timeout); }
    Word meet() { return rendezvous_.meet(now, relax); }
    Word decide() {
        return rendezvous_.decide(now, relax, [&] { commits_++; });
    }
    Word both() {
        const Word met = meet();
        return met == Word::Go ? decide() : met;
    }

    Rendezvous rendezvous_;
    std::atomic<unsigned> commits_{0};
};

TEST_F(RendezvousTest, AloneGoes) {
    expect(1);
    EXPECT_EQ(both(), Word::Go);
    EXPECT_EQ(commits_, 1u);
    EXPECT_EQ(rendezvous_.outcome(), Rendezvous::Outcome::Go);
}

TEST_F(RendezvousTest, AllGo) {
    for (unsigned cpus : {2u, 3u, 8u}) {
        Rendezvous rendezvous;
        rendezvous.expect(cpus, kLong);
        unsigned commits = 0; // written by one CPU before it decides, read by all after
        const Words words = on_cpus(cpus, [&](unsigned) {
            if (rendezvous.meet(now, relax) != Word::Go)
                return Word::Off;
            const Word word = rendezvous.decide(now, relax, [&] { commits++; });
            return commits == 1 ? word : Word::Off;
        });
        EXPECT_EQ(words, Words(cpus, Word::Go));
        EXPECT_EQ(commits, 1u);
    }
}

// Nobody passes the meeting before all are there.
TEST_F(RendezvousTest, MeetingWaitsForTheLast) {
    expect(3);
    std::atomic<unsigned> arrived{0};
    const Words words = on_cpus(3, [&](unsigned i) {
        if (i == 2)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        arrived++;
        const Word word = meet();
        return arrived == 3 ? word : Word::Off;
    });
    EXPECT_EQ(words, Words(3, Word::Go));
}

TEST_F(RendezvousTest, OneFails) {
    expect(4);
    const Words words = on_cpus(4, [&](unsigned i) {
        if (i == 1)
            return rendezvous_.call_off() ? Word::Off : Word::Go;
        return both();
    });
    EXPECT_EQ(words, Words(4, Word::Off));
    EXPECT_EQ(commits_, 0u);
}

// Between the two: it met and then something of its own failed.
TEST_F(RendezvousTest, OneFailsAfterTheMeeting) {
    expect(3);
    const Words words = on_cpus(3, [&](unsigned i) {
        if (const Word met = meet(); met != Word::Go)
            return met;
        if (i == 2)
            return rendezvous_.call_off() ? Word::Off : Word::Go;
        return decide();
    });
    // A CPU may hear of it while it still meets; none goes.
    EXPECT_EQ(words, Words(3, Word::Off));
    EXPECT_EQ(commits_, 0u);
}

TEST_F(RendezvousTest, OneNeverMeets) {
    expect(3, kShort);
    const Words words = on_cpus(2, [&](unsigned) { return both(); });
    EXPECT_EQ(std::ranges::count(words, Word::TimedOut), 1); // one calls it off, the other is told
    EXPECT_EQ(std::ranges::count(words, Word::Off), 1);
    EXPECT_EQ(commits_, 0u);
    EXPECT_EQ(both(), Word::Off); // the third comes at last
}

TEST_F(RendezvousTest, OneNeverDecides) {
    expect(3, kShort);
    const Words words = on_cpus(3, [&](unsigned i) {
        const Word met = meet();
        return i == 0 || met != Word::Go ? met : decide();
    });
    EXPECT_EQ(std::ranges::count(words, Word::TimedOut), 1);
    EXPECT_EQ(commits_, 0u);
    EXPECT_EQ(decide(), Word::Off);
}

TEST_F(RendezvousTest, NothingCallsOffWhatIsDecided) {
    expect(2);
    EXPECT_EQ(on_cpus(2, [&](unsigned) { return both(); }), Words(2, Word::Go));
    EXPECT_FALSE(rendezvous_.call_off());
    EXPECT_EQ(rendezvous_.outcome(), Rendezvous::Outcome::Go);
}

TEST_F(RendezvousTest, OnlyOneCallsItOff) {
    expect(4);
    std::atomic<int> callers{0};
    on_cpus(4, [&](unsigned) {
        callers += rendezvous_.call_off();
        return Word::Off;
    });
    EXPECT_EQ(callers, 1);
}

// While the last one commits, nobody gives up, however long it takes.
TEST_F(RendezvousTest, CommitTakesItsTime) {
    rendezvous_.expect(2, kShort);
    const Words words = on_cpus(2, [&](unsigned) {
        const Word met = rendezvous_.meet(now, relax);
        if (met != Word::Go)
            return met;
        return rendezvous_.decide(now, relax, [] { std::this_thread::sleep_for(std::chrono::milliseconds(90)); });
    });
    if (std::ranges::count(words, Word::Go) != 0) { // a busy machine may be late at the meeting itself
        EXPECT_EQ(words, Words(2, Word::Go));
    }
}

class RoundsTest : public RendezvousTest {
  protected:
    Word round() {
        const Word word = both();
        rendezvous_.finish();
        return word;
    }
};

TEST_F(RoundsTest, AgainAndAgain) {
    expect(2);
    constexpr unsigned kRounds = 50;
    std::atomic<unsigned> went{0};
    on_cpus(2, [&](unsigned) {
        for (unsigned i = 0; i < kRounds; i++) {
            went += round() == Word::Go;
            while (rendezvous_.outcome() == Rendezvous::Outcome::Go)
                relax(); // the other finishes
        }
        return Word::Go;
    });
    EXPECT_EQ(went, 2 * kRounds);
    EXPECT_EQ(commits_, kRounds);
}

// A CPU that came too late belongs to the round that it spoiled.
TEST_F(RoundsTest, AfterALateOne) {
    expect(2, kShort);
    EXPECT_EQ(round(), Word::TimedOut);
    EXPECT_NE(round(), Word::Go); // late, and told so or timed out in its turn
    expect(2, kLong);
    EXPECT_EQ(on_cpus(2, [&](unsigned) { return round(); }), Words(2, Word::Go));
    EXPECT_EQ(commits_, 1u);
}

// A CPU that never came does not spoil the next round: a console that asks on one CPU alone must not keep all of them
// from ever leaving.
TEST_F(RoundsTest, AfterOneThatNeverCame) {
    for (unsigned tries : {1u, 2u, 3u}) {
        expect(3, kShort);
        for (unsigned i = 0; i < tries; i++)
            EXPECT_EQ(round(), Word::TimedOut);
        expect(3, kLong);
        EXPECT_EQ(on_cpus(3, [&](unsigned) { return round(); }), Words(3, Word::Go)) << tries;
    }
    EXPECT_EQ(commits_, 3u);
}

// Whatever comes when: nobody goes alone, and after the noise all can go.
TEST_F(RoundsTest, RandomTimes) {
    expect(3, 2 * kMilliseconds);
    for (unsigned attempt = 0; attempt < 20; attempt++) {
        const Words words = on_cpus(3, [&](unsigned i) {
            std::mt19937 random(attempt * 3 + i);
            std::this_thread::sleep_for(std::chrono::microseconds(random() % 5000));
            return round();
        });
        const auto went = std::ranges::count(words, Word::Go);
        EXPECT_TRUE(went == 0 || went == 3) << attempt;
    }
    expect(3, kLong);
    EXPECT_EQ(on_cpus(3, [&](unsigned) { return round(); }), Words(3, Word::Go));
}

} // namespace
} // namespace vmm
