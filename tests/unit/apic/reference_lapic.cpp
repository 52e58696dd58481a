// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/apic/reference_lapic.hpp"

#include <algorithm>

namespace vmm::test {
namespace {

constexpr unsigned kLvts[] = {0x2f0, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x500, 0x510, 0x520, 0x530};

bool is_lvt(unsigned offset) {
    return std::find(std::begin(kLvts), std::end(kLvts), offset) != std::end(kLvts);
}

} // namespace

void ReferenceLapic::reset() {
    base = 0xfee00900;
    reg_.clear();
    reg_[0xf0] = 0xff;
    reg_[0xe0] = 0xffffffff;
    for (unsigned lvt : kLvts)
        reg_[lvt] = 0x10000;
    icr_ = 0;
    irr_ = isr_ = tmr_ = {};
    errors_ = 0;
    running_ = false;
    deadline_msr_ = 0;
}

ReferenceLapic::Mode ReferenceLapic::mode() const {
    if (!(base & 0x800))
        return Mode::Off;
    return base & 0x400 ? Mode::X2apic : Mode::Xapic;
}

bool ReferenceLapic::exists(unsigned offset) const {
    const bool x2 = mode() == Mode::X2apic;
    if (offset >= 0x100 && offset <= 0x270)
        return true;
    switch (offset) {
    case 0x020:
    case 0x030:
    case 0x080:
    case 0x0a0:
    case 0x0b0:
    case 0x0d0:
    case 0x0f0:
    case 0x280:
    case 0x300:
    case 0x320:
    case 0x350:
    case 0x360:
    case 0x370:
    case 0x380:
    case 0x390:
    case 0x3e0:
        return true;
    case 0x090:
    case 0x0c0:
        return !x2 || extended_space();
    case 0x0e0:
    case 0x310:
        return !x2;
    case 0x3f0:
        return x2;
    case 0x340:
        return max_lvt() >= 4;
    case 0x330:
        return max_lvt() >= 5;
    case 0x2f0:
        return max_lvt() >= 6;
    case 0x400:
    case 0x410:
        return extended_space();
    case 0x500:
    case 0x510:
    case 0x520:
    case 0x530:
        return extended_space() && offset / 16 % 16 < (features_.extended >> 16 & 0xff);
    default:
        return false;
    }
}

std::uint32_t ReferenceLapic::writable(unsigned offset) const {
    switch (offset) {
    case 0x080:
    case 0x3f0:
        return 0xff;
    case 0x0d0:
        return mode() == Mode::X2apic ? 0 : 0xff000000;
    case 0x0e0:
        return 0xf0000000;
    case 0x0f0:
        return features_.version & 1 << 24 ? 0x13ff : 0x3ff;
    case 0x300:
        return 0xccfff;
    case 0x310:
        return 0xff000000;
    case 0x320:
        return features_.tsc_deadline ? 0x700ff : 0x300ff;
    case 0x350:
    case 0x360:
        return 0x1a7ff;
    case 0x370:
        return 0x100ff;
    case 0x380:
        return 0xffffffff;
    case 0x3e0:
        return 0xb;
    default:
        return is_lvt(offset) ? 0x107ff : 0;
    }
}

// Read-only bits that do not fault when written in x2APIC mode.
std::uint32_t ReferenceLapic::harmless(unsigned offset) const {
    if (offset == 0x350 || offset == 0x360)
        return 0x5000;
    return is_lvt(offset) ? 0x1000 : 0;
}

unsigned ReferenceLapic::highest(const std::bitset<256> &set) const {
    for (unsigned vector = 255; vector > 0; vector--)
        if (set[vector])
            return vector;
    return 0;
}

unsigned ReferenceLapic::priority() const {
    const unsigned task = reg_.count(0x80) ? reg_.at(0x80) : 0, service = highest(isr_);
    return task / 16 >= service / 16 ? task : service / 16 * 16;
}

unsigned ReferenceLapic::deliverable() const {
    const unsigned vector = highest(irr_);
    return vector / 16 > priority() / 16 ? vector : 0;
}

std::uint32_t ReferenceLapic::slice(const std::bitset<256> &set, unsigned n) const {
    std::uint32_t bits = 0;
    for (unsigned b = 0; b < 32; b++)
        bits |= set[n * 32 + b] ? 1u << b : 0;
    return bits;
}

bool ReferenceLapic::accept(unsigned vector, bool level) {
    if (mode() == Mode::Off || !enabled())
        return false;
    if (vector < 16) {
        error(0x40);
        return false;
    }
    irr_[vector] = true;
    tmr_[vector] = level;
    return true;
}

void ReferenceLapic::acknowledge(unsigned vector) {
    irr_[vector] = false;
    isr_[vector] = true;
}

void ReferenceLapic::error(std::uint32_t bits) {
    const bool first = errors_ == 0;
    errors_ |= bits;
    if (first && !(reg_[0x370] & 0x10000))
        accept(reg_[0x370] & 0xff, false);
}

ReferenceLapic::Kind ReferenceLapic::end_of_interrupt() {
    const unsigned vector = highest(isr_);
    isr_[vector] = false;
    if (vector == 0 || !tmr_[vector] || (reg_[0xf0] & 0x1000))
        return Kind::None;
    eoi_vector = vector;
    return Kind::EoiBroadcast;
}

ReferenceLapic::Kind ReferenceLapic::self(unsigned vector) {
    if (vector < 16)
        error(0x20);
    else
        accept(vector, false);
    return Kind::None;
}

ReferenceLapic::Kind ReferenceLapic::command(std::uint64_t icr) {
    icr_ = icr;
    const unsigned vector = icr & 0xff, delivery = icr >> 8 & 7, shorthand = icr >> 18 & 3;
    if (delivery <= 1 && vector < 16) {
        error(0x20);
        return Kind::None;
    }
    if (delivery == 3 || delivery == 7 || ((shorthand == 1 || shorthand == 2) && delivery != 0))
        return Kind::None;
    if (delivery == 5 && (icr & 0x8000) && !(icr & 0x4000))
        return Kind::None;
    if (delivery == 0 && addresses_self(icr))
        accept(vector, false);
    return shorthand == 1 ? Kind::None : Kind::SendIpi;
}

bool ReferenceLapic::addresses_self(std::uint64_t icr) const {
    const unsigned shorthand = icr >> 18 & 3;
    if (shorthand != 0)
        return shorthand != 3;
    const bool x2 = mode() == Mode::X2apic, logical = icr & 0x800;
    const auto destination = static_cast<std::uint32_t>(icr >> (x2 ? 32 : 56));
    if (destination == (x2 ? 0xffffffff : 0xff) && !(logical && !x2))
        return true;
    if (!logical)
        return destination == features_.id;
    if (x2)
        return destination >> 16 == features_.id >> 4 && (destination >> (features_.id & 15) & 1);
    const unsigned own = reg_.count(0xd0) ? reg_.at(0xd0) >> 24 : 0;
    if (reg_.at(0xe0) >> 28 == 0xf)
        return (own & destination) != 0;
    return destination == 0xff || (own >> 4 == destination >> 4 && (own & destination & 15) != 0);
}

std::uint64_t ReferenceLapic::count_ticks() const {
    constexpr unsigned divisors[] = {2, 4, 8, 16, 32, 64, 128, 1};
    const std::uint32_t tdcr = reg_.count(0x3e0) ? reg_.at(0x3e0) : 0;
    return kTicksPerClock * divisors[(tdcr & 3) | (tdcr & 8) >> 1];
}

std::uint32_t ReferenceLapic::count(std::uint64_t now) const {
    if (!running_ || !counting_mode())
        return 0;
    return static_cast<std::uint32_t>((end_ - now + count_ticks() - 1) / count_ticks());
}

std::uint64_t ReferenceLapic::timer_deadline() const {
    if (reg_.at(0x320) & 0x10000)
        return ~0ull;
    if (deadline_mode())
        return deadline_msr_ != 0 ? deadline_msr_ : ~0ull;
    return running_ ? end_ : ~0ull;
}

void ReferenceLapic::tick(std::uint64_t now) {
    if (deadline_mode()) {
        if (deadline_msr_ == 0 || now < deadline_msr_)
            return;
        deadline_msr_ = 0;
    } else {
        if (!running_ || now < end_)
            return;
        running_ = (reg_[0x320] >> 17 & 3) == 1;
        if (running_)
            end_ += (now - end_) / (reg_[0x380] * count_ticks()) * (reg_[0x380] * count_ticks()) +
                    reg_[0x380] * count_ticks();
    }
    if (!(reg_[0x320] & 0x10000))
        accept(reg_[0x320] & 0xff, false);
}

ReferenceLapic::Kind ReferenceLapic::write_deadline(std::uint64_t value) {
    if (deadline_mode())
        deadline_msr_ = value;
    return Kind::TimerChanged;
}

ReferenceLapic::Kind ReferenceLapic::write_base(std::uint64_t value) {
    value = (value & ~0x100ull) | (base & 0x100);
    const unsigned from = base >> 10 & 3, to = value >> 10 & 3;
    const bool legal[4][4] = {
        // to: 0      1      2 (xAPIC) 3 (x2APIC)
        {true, false, true, false}, // from disabled
        {false, false, false, false},
        {true, false, true, features_.x2apic}, // from xAPIC
        {true, false, false, true},            // from x2APIC
    };
    if ((value & ~0xc00ull) != (base & ~0xc00ull) || !legal[from][to])
        return Kind::GeneralProtection;
    if (from == to)
        return Kind::None;
    if (to == 0)
        reset();
    base = value;
    icr_ &= 0xffffffff;
    return Kind::ModeChanged;
}

ReferenceLapic::Value ReferenceLapic::read(unsigned offset, std::uint64_t now) {
    const bool x2 = mode() == Mode::X2apic;
    const bool write_only = offset == 0xb0 || offset == 0x3f0;
    if (mode() == Mode::Off || (x2 && (!exists(offset) || write_only)))
        return {0, true};
    if (!exists(offset)) {
        error(0x80);
        return {0, false};
    }
    if (write_only)
        return {0, false};
    if (offset >= 0x100 && offset <= 0x270) {
        const std::bitset<256> &set = offset < 0x180 ? isr_ : offset < 0x200 ? tmr_ : irr_;
        return {slice(set, offset / 16 % 8), false};
    }
    const std::uint32_t logical = (features_.id >> 4) << 16 | 1u << (features_.id & 15);
    switch (offset) {
    case 0x020:
        return {x2 ? features_.id : features_.id << 24, false};
    case 0x030:
        return {features_.version, false};
    case 0x090: {
        const unsigned task = reg_[0x80] / 16, request = highest(irr_) / 16, service = highest(isr_) / 16;
        const unsigned other = std::max(task & service, request) * 16;
        return {task >= request && task > service ? reg_[0x80] : other, false};
    }
    case 0x0a0:
        return {priority(), false};
    case 0x0d0:
        return {x2 ? logical : reg_[0xd0], false};
    case 0x300:
        return {x2 ? icr_ : icr_ & 0xffffffff, false};
    case 0x310:
        return {icr_ >> 32, false};
    case 0x390:
        return {count(now), false};
    case 0x400:
        return {features_.extended & 0xff0004, false};
    default:
        return {reg_[offset], false};
    }
}

ReferenceLapic::Kind ReferenceLapic::write(unsigned offset, std::uint64_t value, std::uint64_t now) {
    const bool x2 = mode() == Mode::X2apic;
    if (mode() == Mode::Off)
        return Kind::GeneralProtection;
    const bool takes_zero_only = offset == 0xb0 || offset == 0x280;
    const bool read_only = writable(offset) == 0 && !takes_zero_only;
    if (x2) {
        const std::uint64_t high = offset == 0x300 ? ~0ull << 32 : 0;
        if (!exists(offset) || read_only || (value & ~(high | writable(offset) | harmless(offset))) != 0)
            return Kind::GeneralProtection;
    } else if (!exists(offset)) {
        error(0x80);
        return Kind::None;
    } else if (read_only) {
        return Kind::None;
    }
    auto bits = static_cast<std::uint32_t>(value) & writable(offset);
    switch (offset) {
    case 0x0b0:
        return end_of_interrupt();
    case 0x0d0:
        reg_[offset] = bits;
        return Kind::PhysicalWrite;
    case 0x0e0:
        reg_[offset] = bits | 0x0fffffff;
        return Kind::PhysicalWrite;
    case 0x0f0: {
        const bool was = enabled();
        reg_[offset] = bits;
        for (unsigned lvt : kLvts)
            reg_[lvt] |= enabled() ? 0 : 0x10000;
        return was == enabled() ? Kind::None : Kind::PhysicalAll;
    }
    case 0x280:
        reg_[offset] = errors_;
        errors_ = 0;
        return Kind::None;
    case 0x300:
        return command(x2 ? (value & ~0xffffffffull) | bits : (icr_ & ~0xffffffffull) | bits);
    case 0x310:
        icr_ = (icr_ & 0xffffffff) | std::uint64_t{bits} << 32;
        return Kind::None;
    case 0x380:
        if (counting_mode()) {
            reg_[offset] = bits;
            running_ = bits != 0;
            end_ = now + bits * count_ticks();
        }
        return Kind::TimerChanged;
    case 0x3e0: {
        const std::uint64_t before = count_ticks();
        const std::uint64_t left = count(now);
        reg_[offset] = bits;
        if (running_ && count_ticks() != before)
            end_ = now + left * count_ticks();
        return Kind::TimerChanged;
    }
    case 0x3f0:
        return self(bits);
    default:
        break;
    }
    if (!is_lvt(offset)) {
        reg_[offset] = bits;
        return Kind::None;
    }
    if (!enabled())
        bits |= 0x10000;
    const unsigned mode_before = reg_[offset] >> 17 & 3;
    reg_[offset] = bits;
    if (offset != 0x320)
        return Kind::PhysicalWrite;
    const unsigned mode_after = bits >> 17 & 3;
    if (mode_before != mode_after && (mode_before >= 2 || mode_after >= 2)) {
        running_ = false;
        deadline_msr_ = 0;
        reg_[0x380] = 0;
    }
    return Kind::TimerChanged;
}

} // namespace vmm::test
