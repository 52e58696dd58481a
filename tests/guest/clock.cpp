// SPDX-License-Identifier: GPL-2.0-only
// clock MILLISECONDS: the paravirtual clock (Linux: Documentation/virt/kvm/x86/msr.rst) never goes back, whichever
// processors read it one after the other, and goes as fast as ACPI's.
#include "print.hpp"
#include "program.hpp"
#include "smp.hpp"
#include "timer.hpp"

namespace {

struct SystemTime { // written by the host
    volatile std::uint32_t version, reserved;
    volatile std::uint64_t tsc, nanoseconds;
    volatile std::uint32_t multiplier;
    volatile std::int8_t shift;
    volatile std::uint8_t flags, reserved2[2];
};
static_assert(sizeof(SystemTime) == 32);

alignas(64) SystemTime times[MOST_CPUS];
std::atomic<std::uint64_t> latest{0}, readings{0}, handovers{0};
std::atomic<unsigned> last_reader{0};
std::uint64_t milliseconds;

std::uint64_t nanoseconds_at(const SystemTime &time) {
    std::uint64_t delta = x86::rdtsc() - time.tsc;
    delta = time.shift < 0 ? delta >> -time.shift : delta << time.shift;
    // delta * multiplier / 2^32, in two parts
    const std::uint64_t high = (delta >> 32) * time.multiplier, low = (delta & 0xffffffff) * time.multiplier;
    return time.nanoseconds + high + (low >> 32);
}

std::uint64_t now(const SystemTime &time) {
    for (;;) {
        const std::uint32_t version = time.version;
        const std::uint64_t result = nanoseconds_at(time);
        if (version % 2 == 0 && version != 0 && time.version == version)
            return result;
    }
}

void read_once(unsigned number) {
    const std::uint64_t before = latest.load(), mine = now(times[number]);
    if (mine < before)
        fail("cpu", number, "reads", mine, "after", before, "was read by cpu", last_reader.load());
    std::uint64_t other = before;
    while (other < mine && !latest.compare_exchange_weak(other, mine)) {
    }
    handovers += last_reader.exchange(number) != number;
    readings++;
}

void work(unsigned number) {
    constexpr std::uint64_t kEnable = 1;
    x86::wrmsr(x86::msr::KvmSystemTime, reinterpret_cast<std::uint64_t>(&times[number]) | kEnable);
    // The clock is read within two readings of the TSC each time: others may have a turn in between.
    const std::uint64_t before = x86::rdtsc(), begin = now(times[number]), start = x86::rdtsc();
    while (x86::rdtsc() - start < milliseconds * tsc_per_millisecond())
        read_once(number);
    const std::uint64_t stop = x86::rdtsc(), end = now(times[number]), after = x86::rdtsc();
    const std::uint64_t passed = (end - begin) / 1000000;
    const std::uint64_t least = (stop - start) / tsc_per_millisecond(), most = (after - before) / tsc_per_millisecond();
    if (passed * 21 < least * 20 || passed * 20 > most * 21)
        fail("cpu", number, "clock went", passed, "ms in", least, "to", most);
}

void run(const Arguments &arguments) {
    milliseconds = arguments.number(0, 2000);
    tsc_per_millisecond(); // before others run
    start_cpus();
    run_on_all(work);
    print("readings", readings.load());
    print("handovers", handovers.load());
}

PROGRAM("clock", run);

} // namespace
