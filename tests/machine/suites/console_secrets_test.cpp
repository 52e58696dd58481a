// SPDX-License-Identifier: GPL-2.0-only
// Nothing of a VM or of the VMM is found from the console that follows one that died, nor in memory that comes back.
#include "tests/machine/suites/mortal_console.hpp"
#include "vmnix/abi/hypercall/hypercall.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <random>

using namespace suites;

namespace {

constexpr std::uint64_t kPage = 4096, kPlantedMib = 12;

class Secrets : public testing::Test {
  protected:
    std::uint64_t memory() const { return std::uint64_t{console.description().memory_mib} << 20; }

    // Physical addresses of pages that are full of the word, as the emulator sees them.
    std::vector<std::uint64_t> planted_pages() {
        const std::filesystem::path file = console.save_memory(0, memory());
        std::ifstream in(file, std::ios::binary);
        std::vector<std::uint64_t> words(kPage / 8), found;
        for (std::uint64_t at = 0; in.read(reinterpret_cast<char *>(words.data()), kPage); at += kPage)
            if (std::all_of(words.begin(), words.end(), [&](std::uint64_t each) { return each == word; }))
                found.push_back(at);
        std::filesystem::remove(file);
        return found;
    }

    // By the console's own map of all memory, and by every mapping that it can make of the pages in question.
    void expect_hidden(const std::vector<std::uint64_t> &pages) {
        console.must("lsmod | grep -q vmnix_poke || " + kProbe + "insmod /usr/lib/vmnix/tests/vmnix_poke.ko");
        std::istringstream scan(console.must_probe(fmt::format("scan 0 {} {}", memory(), word), Seconds(240)));
        std::uint64_t hits = 1;
        scan >> hits;
        EXPECT_EQ(hits, 0u);
        const std::string secret = fmt::format("{:#x}\n", word);
        for (std::size_t i = 0; i < pages.size(); i += std::max<std::size_t>(1, pages.size() / 16))
            EXPECT_THAT(console.must_probe(fmt::format("read {}", pages[i] + 8 * (i % 512))),
                        testing::Not(testing::HasSubstr(secret)));
    }

    std::uint64_t plant_in_vmm() {
        const auto answer = nlohmann::json::parse(console.must_probe(fmt::format(
            "hypercall {} {} {}", static_cast<int>(VMNIX_HC_TEST), static_cast<int>(VMNIX_TEST_PLANT), word)));
        EXPECT_EQ(answer["rax"], 0);
        return answer["rdi"];
    }

    MortalConsole console{{}, "test=1"};
    const std::uint64_t word = (std::uint64_t{std::random_device()()} << 32 | std::random_device()()) >> 1 | 1;
};

} // namespace

TEST_F(Secrets, StayWithTheirOwners) {
    ProgramVm vm(console, "secret", fmt::format("plant {} {}", kPlantedMib, word), 1, "--shares 200 --limit 30%");
    vm.wait_until_says("planted", Seconds(120));
    const std::uint64_t of_vmm = plant_in_vmm();
    const std::vector<std::uint64_t> pages = planted_pages();
    ASSERT_GE(pages.size(), (kPlantedMib << 20) / kPage + 1); // or what follows shows nothing
    ASSERT_THAT(pages, testing::Contains(of_vmm));
    expect_hidden(pages);

    ASSERT_EQ(console.suffer(fault("sysrq"), 1), MortalConsole::Outcome::CameBack) << console.serial().tail(4000);
    EXPECT_EQ(planted_pages(), pages);
    expect_hidden(pages);
    expect_hidden({of_vmm});

    // What comes back is empty.
    vm.kill();
    (void)vm.wait_for_end();
    console.must("vmnix rm secret");
    std::vector<std::uint64_t> left;
    for (unsigned tries = 0; tries < 20 && left != std::vector{of_vmm}; ++tries)
        left = planted_pages();
    EXPECT_EQ(left, std::vector{of_vmm});
    console.remove_witnesses();
}
