// SPDX-License-Identifier: GPL-2.0-only
// VirtualLapic as a whole: configuration, resets, mode changes, capture from and mirror to the physical LAPIC.
#include "vmm/apic/virtual_lapic.hpp"

#include <algorithm>

namespace vmm {
namespace {

constexpr std::uint64_t kResetBase = 0xfee00000;
constexpr std::uint64_t kBaseModeBits = lapic::BaseX2apic::mask | lapic::BaseEnable::mask;
constexpr std::uint32_t kResetFormat = 0xffffffff;
constexpr std::uint32_t kResetSpurious = 0xff;

constexpr LapicRegister kLvtRegisters[] = {
    LapicRegister::LvtCmci,      LapicRegister::LvtTimer,     LapicRegister::LvtThermal,   LapicRegister::LvtPmc,
    LapicRegister::LvtLint0,     LapicRegister::LvtLint1,     LapicRegister::LvtError,     LapicRegister::ExtendedLvt0,
    LapicRegister::ExtendedLvt1, LapicRegister::ExtendedLvt2, LapicRegister::ExtendedLvt3,
};

constexpr bool is_legal_base(std::uint64_t base) {
    return lapic::BaseEnable::get(base) || !lapic::BaseX2apic::get(base);
}

constexpr LapicMode mode_of(std::uint64_t base) {
    if (!lapic::BaseEnable::get(base))
        return LapicMode::Disabled;
    return lapic::BaseX2apic::get(base) ? LapicMode::X2apic : LapicMode::Xapic;
}

} // namespace

Result<void> VirtualLapic::configure(const LapicConfig &config) {
    TRY(timer_.configure(config.tsc_khz, config.timer_khz));
    config_ = config;
    rules_ = LapicRules(config.version, config.extended_features, config.tsc_deadline);
    extended_control_ = 0;
    captured_lvt_ = {};
    reset_power_up();
    return {};
}

void VirtualLapic::reset_power_up() {
    base_ = kResetBase | lapic::BaseEnable::make(true) | lapic::BaseBootstrap::make(config_.bootstrap);
    mode_ = LapicMode::Xapic;
    reset_init();
}

void VirtualLapic::reset_init() {
    clear_registers();
    inbox_.take();
    publish_address();
}

void VirtualLapic::clear_registers() {
    irr_.clear();
    isr_.clear();
    tmr_.clear();
    highest_irr_ = highest_isr_ = 0;
    set_task_priority(0);
    svr_ = kResetSpurious;
    icr_ = 0;
    ldr_ = 0;
    dfr_ = kResetFormat;
    esr_ = detected_errors_ = 0;
    lvt_.fill(lapic::LvtMasked::mask);
    timer_.reset();
}

void VirtualLapic::restore(const LapicImage &image, std::uint64_t now) {
    reset_power_up();
    base_ = image.apic_base;
    mode_ = mode_of(base_);
    if (mode_ == LapicMode::Disabled)
        return publish_address();
    const auto writable = [&](LapicRegister reg) { return image[reg] & rules_.rule(reg).writable; };
    svr_ = writable(LapicRegister::SpuriousVector);
    ldr_ = writable(LapicRegister::LogicalDestination);
    dfr_ = image[LapicRegister::DestinationFormat] | 0x0fffffff;
    icr_ = std::uint64_t{image[LapicRegister::IcrHigh]} << 32 | writable(LapicRegister::IcrLow);
    esr_ = image[LapicRegister::ErrorStatus];
    extended_control_ = image[LapicRegister::ExtendedControl];
    for (LapicRegister reg : kLvtRegisters) {
        captured_lvt_[lvt_slot(reg)] = writable(reg);
        lvt_[lvt_slot(reg)] = writable(reg) | (is_software_enabled() ? 0 : lapic::LvtMasked::mask);
    }
    for (unsigned n = 0; n < 8; n++) {
        const std::uint32_t legal = n == 0 ? 0xffff0000 : 0xffffffff;
        isr_.set_slice(n, image[lapic_register_plus(LapicRegister::Isr0, n)] & legal);
        irr_.set_slice(n, image[lapic_register_plus(LapicRegister::Irr0, n)] & legal);
        tmr_.set_slice(n, image[lapic_register_plus(LapicRegister::Tmr0, n)] & legal);
    }
    highest_irr_ = irr_.highest();
    highest_isr_ = isr_.highest();
    set_task_priority(static_cast<std::uint8_t>(image[LapicRegister::TaskPriority]));
    timer_.restore(lapic::LvtTimerMode::get(lvt(LapicRegister::LvtTimer)), image[LapicRegister::InitialCount],
                   image[LapicRegister::CurrentCount], writable(LapicRegister::DivideConfiguration), image.tsc_deadline,
                   now);
    publish_address();
}

LapicImage VirtualLapic::save(std::uint64_t now) {
    collect();
    expire_timer(now);
    LapicImage image;
    image.apic_base = base_;
    image.tsc_deadline = timer_.tsc_deadline();
    for (std::size_t n = 0; n < kLapicRegisterCount; n++) {
        const auto reg = lapic_register_at(static_cast<std::uint32_t>(n * 16));
        if (rules_.rule(reg).access & (LapicRule::XapicRead | LapicRule::X2apicRead))
            image.registers[n] =
                reg == LapicRegister::IcrLow ? static_cast<std::uint32_t>(icr_) : read_register(reg, now);
    }
    return image;
}

LapicEffect VirtualLapic::write_apic_base(std::uint64_t value, std::uint64_t now) {
    value = lapic::BaseBootstrap::set(value, lapic::BaseBootstrap::get(base_)); // read-only
    const LapicMode next = mode_of(value);
    const bool is_step_legal = next == mode_ || next == LapicMode::Disabled ||
                               (next == LapicMode::Xapic && mode_ == LapicMode::Disabled) ||
                               (next == LapicMode::X2apic && mode_ == LapicMode::Xapic && config_.x2apic);
    if (((value ^ base_) & ~kBaseModeBits) != 0 || !is_legal_base(value) || !is_step_legal)
        return LapicEffect::Kind::GeneralProtection;
    if (next == mode_)
        return {};
    collect();
    expire_timer(now);
    base_ = value;
    mode_ = next;
    if (next == LapicMode::Disabled)
        clear_registers();
    icr_ = static_cast<std::uint32_t>(icr_); // the two modes lay the destination out differently
    publish_address();
    return LapicEffect::Kind::ModeChanged;
}

bool VirtualLapic::is_lvt_safe(LapicRegister reg) const {
    using namespace lapic;
    const std::uint32_t entry = lvt(reg);
    const std::uint32_t captured = captured_lvt_[lvt_slot(reg)];
    switch (LvtMode::get(entry)) {
    case DeliveryMode::Fixed:
        return LvtVector::get(entry) >= kFirstLegalVector && !LvtLevel::get(entry);
    case DeliveryMode::Nmi:
        return true;
    case DeliveryMode::Smi:
    case DeliveryMode::ExtInt:
        return LvtMode::get(captured) == LvtMode::get(entry) && !LvtMasked::get(captured);
    default:
        return false;
    }
}

std::uint32_t VirtualLapic::physical_value(LapicRegister reg) const {
    if (reg == LapicRegister::DestinationFormat)
        return dfr_;
    if (reg == LapicRegister::LogicalDestination)
        return logical_destination();
    const std::uint32_t entry = lvt(reg);
    return lapic::LvtMasked::get(entry) || is_lvt_safe(reg) ? entry : lapic::LvtMasked::mask;
}

VectorSet VirtualLapic::level_pending() const {
    VectorSet level;
    for (unsigned n = 0; n < VectorSet::kWords; n++)
        level.set_word(n, (irr_.word(n) | isr_.word(n)) & tmr_.word(n));
    return level;
}

// Release: who reads the new address also sees the registers that it goes with.
void VirtualLapic::publish_address() {
    LapicAddress address;
    address.id = own_id();
    address.logical_id = lapic::XapicLogicalId::get(ldr_);
    address.flat = lapic::FormatModel::get(dfr_) == lapic::kFlatModel;
    address.mode = mode_;
    address.enabled = is_software_enabled();
    address_.store(address.pack(), std::memory_order_release);
}

std::uint32_t VirtualLapic::id_register() const {
    if (mode_ == LapicMode::X2apic)
        return config_.apic_id;
    return static_cast<std::uint32_t>(lapic::XapicId::make(static_cast<std::uint8_t>(config_.apic_id)));
}

std::uint32_t VirtualLapic::logical_destination() const {
    return mode_ == LapicMode::X2apic ? x2apic_logical_id(config_.apic_id) : ldr_;
}

// As the P6 and AMD manuals compute it.
std::uint32_t VirtualLapic::arbitration_priority() const {
    const unsigned task = tpr_ >> 4, requested = highest_irr_ >> 4, in_service = highest_isr_ >> 4;
    if (task >= requested && task > in_service)
        return tpr_;
    return std::max(task & in_service, requested) << 4;
}

// Only the number of extended LVTs; the optional specific EOI and interrupt enables are not offered.
std::uint32_t VirtualLapic::extended_features() const {
    return config_.extended_features & static_cast<std::uint32_t>(lapic::ExtendedLvtCount::mask | 4);
}

} // namespace vmm
