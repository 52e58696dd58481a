// SPDX-License-Identifier: GPL-2.0-only
// Launch, work, leave, on every kind of machine: the boot-handoff regression suite.
#include "tests/machine/suites/console.hpp"
#include "tests/machine/suites/pairs.hpp"

using namespace suites;

namespace {

struct Row {
    const char *kernel;
    unsigned cpus;
    bool la57, x2apic;
    unsigned gib;
};

// Every pair of values of two columns stands in some row, which Matrix.CoversEveryPair checks.
constexpr std::array kPairwise = {
    Row{"6.12", 2, true, false, 1}, Row{"6.1", 2, false, true, 6}, Row{"6.12", 1, false, false, 6},
    Row{"6.1", 1, true, true, 1},   Row{"6.12", 4, true, true, 6}, Row{"6.1", 4, false, false, 1},
};

std::vector<Row> whole() {
    std::vector<Row> rows;
    for (const char *kernel : {"6.1", "6.12"})
        for (unsigned cpus : {1, 2, 4})
            for (bool la57 : {false, true})
                for (bool x2apic : {false, true})
                    for (unsigned gib : {1, 6})
                        rows.push_back({kernel, cpus, la57, x2apic, gib});
    return rows;
}

std::vector<std::array<std::string, 5>> columns(std::span<const Row> rows) {
    std::vector<std::array<std::string, 5>> result;
    for (const Row &row : rows)
        result.push_back({row.kernel, std::to_string(row.cpus), std::to_string(row.la57), std::to_string(row.x2apic),
                          std::to_string(row.gib)});
    return result;
}

std::vector<Description> machines() {
    std::vector<Description> machines;
    for (const Row &row : whole_matrix() ? whole() : std::vector<Row>(kPairwise.begin(), kPairwise.end()))
        machines.push_back({.kernel = row.kernel,
                            .cpus = row.cpus,
                            .la57 = row.la57,
                            .x2apic = row.x2apic,
                            .memory_mib = row.gib * 1024});
    return machines;
}

std::string test_name(const testing::TestParamInfo<Description> &info) {
    std::string name = info.param.name();
    for (char &c : name)
        if (!std::isalnum(static_cast<unsigned char>(c)))
            c = '_';
    return name;
}

} // namespace

TEST(Matrix, CoversEveryPair) {
    EXPECT_EQ(pairs_of(columns(kPairwise)), pairs_of(columns(whole())));
}

class Launch : public testing::TestWithParam<Description> {};

TEST_P(Launch, WorksAndLeaves) {
    Console console(GetParam());
    ClockCheck clocks(console);
    expect_bare(console);
    const std::string memory_before = console.must("grep MemTotal /proc/meminfo");

    console.launch();
    expect_under(console);
    expect_works(console);
    const auto info = console.info();
    EXPECT_EQ(info["cpus"], GetParam().cpus);
    EXPECT_EQ(info["x2apic"], GetParam().x2apic ? 1 : 0);
    EXPECT_EQ(info["paging_levels"], GetParam().la57 ? 5 : 4);
    EXPECT_EQ(info["arena_base"].get<std::uint64_t>() % (2 << 20), 0u);
    EXPECT_LE(info["arena_used"], info["arena_size"]);
    const auto stats = console.stats();
    ASSERT_EQ(stats.size(), GetParam().cpus);
    for (const auto &cpu : stats)
        EXPECT_GT(cpu["interrupts"], 0u) << cpu;
    EXPECT_EQ(console.run("vmnix status").code, 0);
    expect_clean_log(console);

    console.leave();
    expect_bare(console);
    expect_works(console);
    EXPECT_EQ(console.must("grep MemTotal /proc/meminfo"), memory_before);
    EXPECT_FALSE(console.run("test -e /dev/vmnix").ok());
    expect_clean_log(console);
    clocks.expect_true();
}

INSTANTIATE_TEST_SUITE_P(Machines, Launch, testing::ValuesIn(machines()), test_name);
