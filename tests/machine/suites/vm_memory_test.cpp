// SPDX-License-Identifier: GPL-2.0-only
// Memory of VMs: counted at all times, empty when it changes hands, and all back when they are gone.
#include "tests/machine/suites/arena.hpp"
#include "tests/machine/suites/guest_vm.hpp"

#include <cstring>
#include <fmt/format.h>
#include <random>

using namespace suites;

class VmMemory : public testing::Test {
  public:
    static void SetUpTestSuite() {
        console = std::make_unique<Console>(Description{.one_thread = true});
        console->launch();
    }
    static void TearDownTestSuite() {
        expect_works(*console);
        expect_clean_log(*console);
        console->leave();
        console.reset();
    }
    void TearDown() override { expect_nothing_given(*console); }
    // Pages that are full of this word, as the emulator sees the machine's memory.
    static std::size_t pages_of(std::uint64_t word) {
        const std::uint64_t low = std::uint64_t{console->description().memory_mib} << 20;
        const Arena memory(*console, 0, low);
        std::size_t count = 0;
        for (std::uint64_t at = 0; at < low; at += 4096) {
            const auto page = memory.page(at);
            count += std::all_of(page.begin(), page.end(), [&](std::uint64_t value) { return value == word; });
        }
        return count;
    }

    static inline std::unique_ptr<Console> console;
};

TEST_F(VmMemory, TooMuchIsRefusedAtOnceWithFigures) {
    const auto start = std::chrono::steady_clock::now();
    const Outcome outcome = console->run(run_line({.memory_mib = 950}));
    EXPECT_LT(Seconds(std::chrono::steady_clock::now() - start).count(), 15);
    EXPECT_EQ(outcome.code, 7) << outcome.output;
    EXPECT_NE(outcome.output.find("web needs 950 MiB, "), std::string::npos) << outcome.output;
    EXPECT_NE(outcome.output.find("MiB could be had"), std::string::npos) << outcome.output;
    // What could be had can be had.
    const std::string &text = outcome.output;
    const unsigned had = static_cast<unsigned>(std::stoul(text.substr(text.find("MiB, ") + 5)));
    EXPECT_GT(had, 200u);
    const Outcome second = console->run(run_line({.memory_mib = (had - 32) & ~1u}));
    EXPECT_EQ(second.code, 0) << second.output;
    EXPECT_EQ(expect_memory_adds_up(*console)["ram"], std::uint64_t{(had - 32) & ~1u} << 20);
    console->must("vmnix rm --force web");
}

TEST_F(VmMemory, NothingLeaks) {
    const auto cycle = [] {
        console->must(run_line({.vcpus = 2, .memory_mib = 80}) + " && sleep 0.2 && vmnix kill web && vmnix rm web");
        expect_memory_adds_up(*console);
    };
    cycle();
    expect_nothing_given(*console);
    const long before = console->free_kib();
    for (unsigned i = 0; i < 20; ++i)
        cycle();
    expect_nothing_given(*console);
    expect_free_again(*console, before);
}

// `vmnix run` killed at any moment: either the VM runs or there is nothing of it.
TEST_F(VmMemory, RunKilledAtAnyMoment) {
    constexpr unsigned kSeed = 20261120;
    std::mt19937 random(kSeed);
    unsigned killed = 0, ran = 0;
    for (unsigned i = 0; i < 20; ++i) {
        const unsigned ms = random() % 3000;
        SCOPED_TRACE(fmt::format("killed after {} ms", ms));
        const Outcome outcome = console->run(fmt::format("{} & sleep {}.{:03}; kill -9 $! 2>/dev/null; wait $!",
                                                         run_line({.memory_mib = 80}), ms / 1000, ms % 1000));
        const auto list = nlohmann::json::parse(console->must("vmnix list --all --json"))["vms"];
        ++(list.empty() ? killed : ran);
        for (const auto &vm : list)
            EXPECT_EQ(vm["state"], "running") << outcome.output;
        if (!list.empty())
            console->must("vmnix rm --force web");
        expect_nothing_given(*console);
    }
    RecordProperty("killed", static_cast<int>(killed));
    EXPECT_GT(killed, 0u);
    EXPECT_GT(ran, 0u);
}

// 32 MiB of one word in a VM: the emulator finds it, the console never, and nobody when the VM is gone.
TEST_F(VmMemory, NothingOfAVmIsSeenOrLeft) {
    constexpr std::size_t kPages = 8192;
    std::random_device entropy;
    const std::string text = fmt::format("{:07x}", entropy() & 0xfffffff);
    std::uint64_t word = 0;
    std::memcpy(&word, (text + "\n").data(), sizeof word);
    const std::string fill = fmt::format("yes {} | head -c {} >/tmp/pattern; sync", text, kPages * 4096);
    const auto found_by_console = [&] {
        std::istringstream in(console->must_probe(fmt::format("scan 0 {} {}", 2ull << 30, word), Seconds(120)));
        std::uint64_t hits = 1, ones = 0;
        in >> hits >> ones;
        EXPECT_EQ(hits, 0u);
        return ones;
    };
    console->load_poke();
    {
        GuestVm guest(*console, {.memory_mib = 128});
        guest.must(fill, Seconds(120));
        EXPECT_GT(pages_of(word), kPages - 16);                       // or this shows nothing
        EXPECT_GE(found_by_console(), guest.setup().memory_mib << 8); // it read all of the VM's memory, as ones
        console->must("vmnix kill web && vmnix rm web");
        expect_nothing_given(*console);
        EXPECT_EQ(pages_of(word), 0u);
    }
    console->must_probe("rmmod vmnix_poke");
}
