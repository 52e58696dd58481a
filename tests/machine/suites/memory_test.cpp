// SPDX-License-Identifier: GPL-2.0-only
// What becomes of the memory that was the VMM's.
#include "tests/machine/suites/arena.hpp"

#include <algorithm>

using namespace suites;

namespace {

constexpr std::uint64_t kPage = 4096;

bool holds_something(std::span<const std::uint64_t> page) {
    return std::any_of(page.begin(), page.end(), [](std::uint64_t word) { return word != 0 && word != ~0ull; });
}

} // namespace

TEST(Memory, IsScrubbedWhenGivenBack) {
    Console console;
    console.launch();
    const Arena before(console);
    console.leave();
    const Arena after(console, before.base(), before.size());
    std::uint64_t used = 0, zero = 0, kept = 0;
    for (std::uint64_t at = before.base(); at < before.base() + before.size(); at += kPage) {
        const auto was = before.page(at), is = after.page(at);
        zero += std::all_of(is.begin(), is.end(), [](std::uint64_t word) { return word == 0; });
        if (!holds_something(was))
            continue;
        ++used;
        // Linux may have given the page to somebody already, but not with anything of ours in it.
        for (std::size_t i = 0; i < was.size(); i += 64)
            kept += was[i] != 0 && was[i] != ~0ull &&
                    std::equal(was.begin() + static_cast<std::ptrdiff_t>(i),
                               was.begin() + static_cast<std::ptrdiff_t>(i) + 64,
                               is.begin() + static_cast<std::ptrdiff_t>(i));
    }
    EXPECT_GT(used, 30u); // or this shows nothing
    EXPECT_EQ(kept, 0u);
    EXPECT_GT(zero, before.size() / kPage / 2);
}

TEST(Memory, IsCountedAndHidden) {
    Console console;
    const auto total = [&] { return std::stoull(console.must("awk '/^MemTotal/ { print $2 }' /proc/meminfo")); };
    const std::uint64_t before = total();
    console.launch();
    const std::uint64_t arena = console.info()["arena_size"];
    EXPECT_EQ(total(), before - arena / 1024);
    // A scanner of all memory reads through: the pages are marked, and no read kills the console.
    console.must("dd if=/proc/kcore of=/dev/null bs=1M count=200 2>/dev/null", Seconds(120));
    expect_works(console);
    expect_clean_log(console);
    console.leave();
    EXPECT_EQ(total(), before);
}

// However often: no page is lost.
TEST(Memory, NothingLeaks) {
    Console console;
    console.launch();
    console.leave();
    const long before = console.free_kib();
    for (unsigned i = 0; i < 5; ++i) {
        console.launch();
        console.leave();
    }
    expect_free_again(console, before);
    expect_clean_log(console);
}
