// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/apic/lapic_differential.hpp"

#include "tests/unit/apic/reference_lapic.hpp"
#include "vmm/apic/virtual_lapic.hpp"

#include <sstream>

namespace vmm::test {
namespace {

class Bytes {
  public:
    explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
    bool empty() const { return next_ >= bytes_.size(); }
    std::uint8_t byte() { return empty() ? 0 : bytes_[next_++]; }
    std::uint32_t word() {
        std::uint32_t value = 0;
        for (int n = 0; n < 4; n++)
            value = value << 8 | byte();
        return value;
    }

  private:
    std::span<const std::uint8_t> bytes_;
    std::size_t next_ = 0;
};

constexpr std::uint32_t kVersions[] = {0x00050014, 0x80050010, 0x01060015, 0x00030010, 0x80040010};

class Pair {
  public:
    explicit Pair(std::uint8_t choice) : reference_(features(choice)) {
        const ReferenceLapic::Features wanted = features(choice);
        LapicConfig config;
        config.apic_id = wanted.id;
        config.version = wanted.version;
        config.extended_features = wanted.extended;
        config.x2apic = wanted.x2apic;
        config.tsc_deadline = wanted.tsc_deadline;
        config.bootstrap = true;
        config.tsc_khz = 2000000;
        config.timer_khz = 2000000 / ReferenceLapic::kTicksPerClock;
        if (!model_.configure(config))
            fail("configure");
    }

    void step(Bytes &bytes);
    std::string problem() const { return problem_; }

  private:
    static ReferenceLapic::Features features(std::uint8_t choice) {
        ReferenceLapic::Features wanted;
        wanted.id = choice & 1 ? 0x25 : 3;
        wanted.version = kVersions[choice / 2 % std::size(kVersions)];
        wanted.extended = 0x00040007;
        wanted.x2apic = choice % 7 != 0;
        wanted.tsc_deadline = choice % 5 != 0;
        return wanted;
    }
    void fail(const std::string &what) {
        if (problem_.empty())
            problem_ = trail_.str() + ": " + what;
    }
    void same(const char *what, std::uint64_t model, std::uint64_t reference) {
        if (model == reference)
            return;
        std::ostringstream text;
        text << what << " is " << std::hex << model << ", expected " << reference;
        fail(text.str());
    }
    void same_kind(LapicEffect effect, LapicEffect::Kind kind) {
        same("effect", static_cast<unsigned>(effect.kind), static_cast<unsigned>(kind));
        if (effect.kind == LapicEffect::Kind::EoiBroadcast && kind == effect.kind)
            same("EOI vector", effect.vector, reference_.eoi_vector);
    }
    void read(unsigned offset) {
        const LapicRead model = model_.read(lapic_register_at(offset), now_);
        const ReferenceLapic::Value reference = reference_.read(offset, now_);
        same("fault", model.general_protection, reference.fault);
        if (!reference.fault)
            same("value", model.value, reference.value);
    }
    void write(unsigned offset, std::uint64_t value) {
        same_kind(model_.write(lapic_register_at(offset), value, now_), reference_.write(offset, value, now_));
    }
    void deliver() {
        const MaybeVector vector = model_.deliverable();
        same("deliverable", *vector, reference_.deliverable());
        if (!vector || !problem_.empty())
            return;
        model_.acknowledge(*vector);
        reference_.acknowledge(*vector);
    }
    void post(std::uint8_t vector) { // illegal vectors raise one error for all: compared elsewhere
        if (vector < kFirstLegalVector)
            return;
        model_.inbox().post(vector);
        model_.collect();
        reference_.accept(vector, false);
    }
    void compare_everything() {
        for (unsigned offset = 0x20; offset <= 0x530 && problem_.empty(); offset += 0x10) {
            trail_.str("");
            trail_ << std::hex << "register " << offset;
            read(offset);
        }
    }

    VirtualLapic model_;
    ReferenceLapic reference_;
    std::uint64_t now_ = 1000;
    std::string problem_;
    std::ostringstream trail_;
};

// Values that mean something are rare among random ones: half of the writes get a value of the register's own kind.
std::uint64_t likely_value(unsigned offset, std::uint32_t random) {
    switch (offset) {
    case 0x0b0:
    case 0x280:
        return 0;
    case 0x0f0:
        return (random & 0x10ff) | 0x100;
    case 0x300:
        return (random & 0xcc8ff) | std::uint64_t{random >> 28} << (random & 0x100000 ? 32 : 56);
    case 0x310:
    case 0x0d0:
    case 0x0e0:
        return random & 0x33000000;
    case 0x320:
        return random & 0x700ff;
    case 0x380:
        return random % 200;
    default:
        return random & 0x107ff;
    }
}

void Pair::step(Bytes &bytes) {
    const std::uint8_t operation = bytes.byte();
    const std::uint8_t detail = bytes.byte();
    trail_.str("");
    trail_ << "operation " << int{operation} << " " << int{detail} << " at " << now_;
    now_ += std::uint64_t{detail} * (operation & 0x80 ? 4000 : 7);
    model_.expire_timer(now_);
    reference_.tick(now_);
    switch (operation % 16) {
    case 0:
    case 1:
    case 2:
        same("accepted", model_.accept(detail, operation & 0x40), reference_.accept(detail, operation & 0x40));
        break;
    case 3:
    case 4:
        deliver();
        break;
    case 5:
    case 6:
        write(0xb0, 0);
        break;
    case 7:
        read(detail % 0x54 * 16);
        break;
    case 8:
        write(detail % 0x54 * 16, bytes.word());
        break;
    case 9:
        write(detail % 0x54 * 16, std::uint64_t{bytes.word()} << 32 | bytes.word());
        break;
    case 10:
        write(detail % 0x54 * 16, likely_value(detail % 0x54 * 16, bytes.word()));
        break;
    case 11:
        write(0x80, detail);
        break;
    case 12:
        post(detail);
        break;
    case 13: {
        const std::uint64_t value = detail & 0x80 ? bytes.word() : 0xfee00100 | std::uint64_t{detail & 3u} << 10;
        same_kind(model_.write_apic_base(value, now_), reference_.write_base(value));
        break;
    }
    case 14:
        write(0xf0, 0x100 | detail);
        break;
    default:
        same_kind(model_.write_tsc_deadline(now_ + 1 + detail * 100ull, now_),
                  reference_.write_deadline(now_ + 1 + detail * 100ull));
        break;
    }
    same("base", model_.apic_base(), reference_.base);
    same("deliverable after", *model_.deliverable(), reference_.deliverable());
    same("timer", model_.timer_deadline(), reference_.timer_deadline());
    same("deadline MSR", model_.read_tsc_deadline(now_), reference_.deadline_msr());
    if (operation % 8 == 0)
        compare_everything();
}

} // namespace

std::string compare_lapics(std::span<const std::uint8_t> input) {
    Bytes bytes(input);
    Pair pair(bytes.byte());
    while (!bytes.empty() && pair.problem().empty())
        pair.step(bytes);
    return pair.problem();
}

} // namespace vmm::test
