// SPDX-License-Identifier: GPL-2.0-only
// Hostile programs and a hostile kernel module. Whatever they do, the VMM stays, and a console that did not harm itself
// goes on. One machine for all of them: what one attack breaks without showing it, the next ones stumble over.
#include "tests/machine/suites/console.hpp"

#include "vmnix/abi/hypercall/hypercall.h"

#include <fmt/format.h>
#include <random>

using namespace suites;

namespace {

constexpr std::uint64_t kLapic = 0xfee00000, kIoapic = 0xfec00000;

std::vector<std::string> lines(const std::string &text) {
    std::vector<std::string> result;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        result.push_back(line);
    return result;
}

} // namespace

class Hostile : public testing::Test {
  public:
    static void SetUpTestSuite() {
        // Timers and forks on both CPUs: docs/decisions/0017.
        console = std::make_unique<Console>(Description{.one_thread = true});
        console->launch("test=1");
        console->load_poke();
        arena_base = console->info()["arena_base"];
        arena_size = console->info()["arena_size"];
    }
    static void TearDownTestSuite() {
        console->must_probe("rmmod vmnix_poke");
        console->leave();
        expect_bare(*console);
        expect_works(*console);
        console.reset();
    }
    void TearDown() override {
        expect_under(*console);
        expect_works(*console);
        expect_clean_log(*console);
        const Outcome status = console->run("vmnix status");
        EXPECT_EQ(status.code, 0) << status.output;
    }

    static void mmio(std::uint64_t address, std::uint64_t value, unsigned width = 4) {
        console->must_probe(fmt::format("mmio w {:#x} {:#x} {}", address, value, width));
    }
    static std::uint64_t ioapic(unsigned index) {
        mmio(kIoapic, index);
        return std::stoull(console->must_probe(fmt::format("mmio r {:#x}", kIoapic + 0x10)), nullptr, 16);
    }
    static void write_ioapic(unsigned index, std::uint64_t value) {
        mmio(kIoapic, index);
        mmio(kIoapic + 0x10, value);
    }

    static inline std::unique_ptr<Console> console;
    static inline std::uint64_t arena_base = 0, arena_size = 0;
};

TEST_F(Hostile, ProgramsCannotCallTheVmm) {
    EXPECT_TRUE(console->probe("user-hypercall").ok());
    EXPECT_TRUE(console->probe("user-instructions").ok());
}

TEST_F(Hostile, RandomHypercalls) {
    EXPECT_TRUE(console->probe("hypercall-storm 1 5000").ok());
    EXPECT_TRUE(console->probe(fmt::format("hypercall-storm 2 5000 {:#x}", arena_base)).ok());
    EXPECT_TRUE(console->probe(fmt::format("hypercall-storm 3 5000 {:#x}", arena_base + arena_size - 8)).ok());
}

// Past the driver, at CPL 0: results go to the VMM's own memory, to devices, to nowhere, across a page.
TEST_F(Hostile, HypercallsCannotReachOtherMemory) {
    const std::uint64_t targets[] = {arena_base, arena_base + arena_size - 8, kLapic, kIoapic, 1ull << 40, ~0ull,
                                     ~7ull};
    for (std::uint64_t target : targets)
        for (unsigned call : {VMNIX_HC_INFO, VMNIX_HC_CPU_STATS, VMNIX_HC_LOG_READ}) {
            const std::string answer = console->must_probe(fmt::format("vmmcall 0 {} {:#x} 256 0", call, target));
            EXPECT_TRUE(answer.starts_with('-')) << call << " to " << std::hex << target << ": " << answer;
        }
    for (std::uint64_t number :
         {std::uint64_t{VMNIX_HC_COUNT}, std::uint64_t{0xffffffff}, std::uint64_t{1} << 32, ~std::uint64_t{0}})
        EXPECT_EQ(console->must_probe(fmt::format("vmmcall 0 {:#x}", number)).substr(0, 2),
                  fmt::format("-{}", static_cast<int>(VMNIX_HC_ENOSYS)));
    EXPECT_EQ(console->must_probe("vmmcall 0 2 0 0 99").substr(0, 1), "-"); // no such vCPU
    EXPECT_EQ(console->must_probe("vmmcall 0 4 0x1f 0").substr(0, 1), "-"); // an exception's vector as event
    EXPECT_EQ(console->must_probe("vmmcall 0 4 0x30 99").substr(0, 1), "-");
}

// One vCPU alone cannot leave, and asking costs it nothing.
TEST_F(Hostile, OneCpuCannotLeaveAlone) {
    const std::string answer =
        console->must_probe(fmt::format("vmmcall 1 {}", static_cast<int>(VMNIX_HC_LEAVE)), Seconds(120));
    EXPECT_TRUE(answer.starts_with('-') || answer.starts_with("fault")) << answer;
}

TEST_F(Hostile, RandomIoctls) {
    EXPECT_TRUE(console->probe("ioctl-storm 1 5000").ok());
}

TEST_F(Hostile, MsrsThroughTheDriver) {
    for (unsigned cpu : {0, 1})
        EXPECT_TRUE(console->probe(fmt::format("msr-storm {} {} 500", cpu, cpu + 1)).ok());
}

// EFER.SVME, VM_HSAVE_PA, VM_CR, the APIC base elsewhere or off: not the console's to change.
TEST_F(Hostile, MsrsOfTheVmm) {
    struct {
        std::uint32_t msr;
        std::uint64_t value;
    } const writes[] = {
        {0xc0010117, arena_base}, {0xc0010114, 0x10}, {0xc0010114, 0x18}, {0x1b, 0xfed00900}, {0xc0010118, 1}};
    // Not here: a kernel may turn its APIC off or into x2APIC mode, and has itself to blame for what follows.
    for (const auto &write : writes)
        console->must_probe(fmt::format("kernel-msr w {:#x} {:#x}", write.msr, write.value));
    EXPECT_EQ(std::stoull(console->must_probe("kernel-msr r 0x1b"), nullptr, 16) & 0xfffff800, kLapic | 0x800);
    EXPECT_EQ(console->must_probe("kernel-msr w 0xc0000080 0xffffffffffffffff"), "fault\n");
}

TEST_F(Hostile, InstructionsOfVirtualisation) {
    const Outcome outcome = console->probe("instructions");
    EXPECT_EQ(outcome.code, 0) << outcome.output;
}

TEST_F(Hostile, ReservedControlBits) {
    EXPECT_EQ(console->must_probe("control 4 0x80000000"), "fault\n");
    console->must_probe("control 0 0x8000000000000000"); // a CPU faults, the emulator lets it pass
    console->must_probe("control 4 0x2000");             // VMXE, which an AMD CPU refuses
}

TEST_F(Hostile, Ports) {
    EXPECT_TRUE(console->probe("ports 1 2000").ok());
}

// Reads of VMM memory are all ones by every kind of mapping; writes fault and change nothing.
TEST_F(Hostile, VmmMemory) {
    for (std::uint64_t address :
         {arena_base, arena_base + 0x1000, arena_base + arena_size / 2 + 8, arena_base + arena_size - 8}) {
        for (const std::string &value : lines(console->must_probe(fmt::format("read {:#x}", address))))
            EXPECT_EQ(value, "0xffffffffffffffff") << std::hex << address;
        const std::uint64_t before = console->read_word(address);
        for (const std::string &result : lines(console->must_probe(fmt::format("write {:#x} {:#x}", address, ~before))))
            EXPECT_EQ(result, "fault") << std::hex << address;
        EXPECT_NE(console->read_word(address), ~before);
    }
    // The pages beside it are the console's own.
    const std::string beside = console->must_probe(fmt::format("read {:#x}", arena_base - 8));
    EXPECT_EQ(beside.find("fault"), std::string::npos) << beside;
}

// Nothing of VMM memory is found from the console, however it maps it; the emulator finds it (or this shows nothing).
TEST_F(Hostile, PlantedPattern) {
    std::random_device entropy;
    const std::uint64_t pattern = (std::uint64_t{entropy()} << 32 | entropy()) | 1;
    const auto planted = nlohmann::json::parse(console->must_probe(fmt::format(
        "hypercall {} {} {}", static_cast<int>(VMNIX_HC_TEST), static_cast<int>(VMNIX_TEST_PLANT), pattern)));
    ASSERT_EQ(planted["rax"], 0);
    const std::uint64_t address = planted["rdi"];
    EXPECT_GE(address, arena_base);
    EXPECT_LT(address, arena_base + arena_size);
    for (unsigned offset : {0u, 8u, 4088u})
        EXPECT_EQ(console->read_word(address + offset), pattern);

    const std::uint64_t memory = 2ull << 30; // machines of 1 GiB end below
    std::istringstream all(console->must_probe(fmt::format("scan 0 {} {}", memory, pattern), Seconds(120)));
    std::uint64_t hits = 1, ones = 0, faults = 0;
    all >> hits >> ones >> faults;
    EXPECT_EQ(hits, 0u);
    EXPECT_GE(ones, arena_size >> 12); // VMM memory was among what was read
}

// Register writes that no kernel makes: wrong widths, reserved registers, reserved modes.
TEST_F(Hostile, LapicScribbled) {
    if (console->description().x2apic)
        return;
    for (std::uint64_t offset : {0x00, 0x10, 0x20, 0x30, 0x40, 0x90, 0xa0, 0xc0, 0x100, 0x180, 0x200, 0x270, 0x390,
                                 0x3a0, 0x3b0, 0x3f0, 0x400, 0x500, 0xfff - 7})
        for (unsigned width : {4, 8})
            mmio(kLapic + offset, 0xffffffff, offset % 8 ? 4 : width);
    for (std::uint64_t command : {0x200, 0x300, 0x700, 0x8300, 0xc5ff, 0x4d00}) // SMI, reserved, ExtINT ... to itself
        mmio(kLapic + 0x300, command | 0x40000);
    mmio(kLapic + 0x301, 0xff, 1); // bytes inside registers
    mmio(kLapic + 0x382, 0xffff, 2);
}

// An entry in INIT, SMI or NMI mode would be a way past the VMM: it must not reach the real IO-APIC unmasked.
TEST_F(Hostile, IoapicScribbled) {
    constexpr unsigned kPin = 23, kLow = 0x10 + 2 * kPin;
    const std::uint64_t before = ioapic(kLow);
    for (std::uint64_t mode : {2, 3, 4, 5, 6, 7}) {
        write_ioapic(kLow, mode << 8 | 0x30);
        const std::string state = console->human_monitor("info pic");
        const std::size_t at = state.find(fmt::format("pin {} ", kPin));
        ASSERT_NE(at, std::string::npos) << state;
        const std::uint64_t entry = std::stoull(state.substr(state.find("0x", at)), nullptr, 16);
        EXPECT_TRUE(entry & 0x10000 || (entry >> 8 & 7) == 0 || (entry >> 8 & 7) == 1)
            << "mode " << mode << " reached the IO-APIC: " << std::hex << entry;
    }
    write_ioapic(kLow, before);
    for (unsigned index : {0x00, 0x01, 0x02, 0x0f, 0x40, 0x80, 0xff})
        write_ioapic(index, index == 0 ? 0 : 0xffffffff);
    mmio(kIoapic + 0x20, 0xffffffff);
    mmio(kIoapic + 0x40, 0xffffffff);
    mmio(kIoapic + 1, 0xff, 1);
    mmio(kIoapic, 0x10);
}
