// SPDX-License-Identifier: GPL-2.0-only
// The virtual LAPIC under any sequence of accesses: it agrees with the reference, and whatever a captured image or a
// guest writes, nothing dangerous is mirrored into the physical LAPIC.
#include "tests/unit/apic/lapic_differential.hpp"
#include "vmm/apic/virtual_lapic.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using namespace vmm;

[[noreturn]] void fail(const char *what) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

bool is_mirror_safe(LapicRegister reg, std::uint32_t value, std::uint32_t captured) {
    using namespace lapic;
    if (reg == LapicRegister::DestinationFormat || reg == LapicRegister::LogicalDestination || LvtMasked::get(value))
        return true;
    const DeliveryMode mode = LvtMode::get(value);
    if (mode == DeliveryMode::Fixed)
        return LvtVector::get(value) >= kFirstLegalVector && !LvtLevel::get(value);
    return mode == DeliveryMode::Nmi || (LvtMode::get(captured) == mode && !LvtMasked::get(captured) &&
                                         (mode == DeliveryMode::ExtInt || mode == DeliveryMode::Smi));
}

template <class T> T take(const std::uint8_t *&data, std::size_t &size) {
    T value{};
    const std::size_t bytes = size < sizeof value ? size : sizeof value;
    std::memcpy(&value, data, bytes);
    data += bytes;
    size -= bytes;
    return value;
}

void run_hostile(const std::uint8_t *data, std::size_t size) {
    VirtualLapic lapic;
    LapicConfig config;
    config.version = take<std::uint32_t>(data, size);
    config.extended_features = take<std::uint32_t>(data, size);
    config.apic_id = take<std::uint32_t>(data, size);
    config.x2apic = config.tsc_deadline = true;
    config.tsc_khz = 2500000;
    config.timer_khz = 24000;
    if (!lapic.configure(config))
        fail("configure");
    std::uint64_t now = take<std::uint32_t>(data, size);
    const auto image = take<LapicImage>(data, size);
    lapic.restore(image, now);
    while (size != 0) {
        const auto offset = take<std::uint16_t>(data, size);
        const auto value = take<std::uint64_t>(data, size);
        now += take<std::uint8_t>(data, size) * 1000ull;
        if (offset & 0x8000)
            lapic.write_apic_base(lapic.apic_base() ^ (value & 0xc00), now);
        else if (offset & 0x4000)
            lapic.read(lapic_register_at(offset), now);
        else if (offset & 0x2000)
            lapic.accept(static_cast<std::uint8_t>(value), value & 0x100);
        else
            lapic.write(lapic_register_at(offset), value, now);
        lapic.expire_timer(now);
        if (const MaybeVector vector = lapic.deliverable()) {
            if (*vector < kFirstLegalVector || *vector >> 4 <= lapic.task_priority() >> 4)
                fail("delivered against the priority");
            lapic.acknowledge(*vector);
        }
        for (LapicRegister reg : kMirroredRegisters)
            if (!is_mirror_safe(reg, lapic.physical_value(reg), image[reg]))
                fail("unsafe mirror");
    }
    lapic.save(now);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    if (size == 0)
        return 0;
    if (data[0] & 1) {
        run_hostile(data + 1, size - 1);
    } else {
        const std::string problem = vmm::test::compare_lapics({data + 1, size - 1});
        if (!problem.empty())
            fail(problem.c_str());
    }
    return 0;
}
