// SPDX-License-Identifier: GPL-2.0-only
// VirtualLapic: the local APIC that a vCPU sees. A pure model: it touches no hardware and tells its caller what to do.
//
// Ownership: only the CPU that runs the vCPU calls members, except inbox().post(), address() and priority(), which are
// for all CPUs. ExtINT, NMI, SMI, INIT and start-up do not pass through a LAPIC's IRR: the caller injects those.
#pragma once

#include "vmm/apic/apic_timer.hpp"
#include "vmm/apic/ipi.hpp"
#include "vmm/apic/lapic_effect.hpp"
#include "vmm/apic/lapic_image.hpp"
#include "vmm/apic/lapic_rules.hpp"
#include "vmm/apic/posted_interrupts.hpp"
#include "vmm/apic/registers.hpp"
#include "vmm/apic/vector_set.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

namespace vmm {

// What the hardware is, fixed for the life of the model.
struct LapicConfig {
    std::uint32_t apic_id = 0;           // all 32 bits, from CPUID; xAPIC mode shows the low 8
    std::uint32_t version = 0;           // the physical version register
    std::uint32_t extended_features = 0; // the physical register at 0x400, if version has bit 31
    bool x2apic = false;                 // offered to the guest
    bool tsc_deadline = false;           // offered to the guest
    bool bootstrap = false;
    std::uint32_t tsc_khz = 0;
    std::uint32_t timer_khz = 0; // input clock of the physical timer, undivided
};

struct LapicRead {
    std::uint64_t value = 0;
    bool general_protection = false; // x2APIC mode only
};

class MaybeVector {
  public:
    constexpr MaybeVector() = default;
    constexpr explicit MaybeVector(std::uint8_t vector) : vector_(vector) {}
    constexpr explicit operator bool() const { return vector_ != 0; }
    constexpr std::uint8_t operator*() const { return vector_; }
    constexpr bool operator==(const MaybeVector &) const = default;

  private:
    std::uint8_t vector_ = 0; // vectors below 16 cannot be delivered, so 0 means none
};

// Guest registers that the physical LAPIC must follow, because devices and pins act on it directly.
// Destination and format only in xAPIC mode: in x2APIC mode they follow from the ID.
inline constexpr std::array kMirroredRegisters = {
    LapicRegister::DestinationFormat,
    LapicRegister::LogicalDestination,
    LapicRegister::LvtCmci,
    LapicRegister::LvtThermal,
    LapicRegister::LvtPmc,
    LapicRegister::LvtLint0,
    LapicRegister::LvtLint1,
    LapicRegister::LvtError,
    LapicRegister::ExtendedLvt0,
    LapicRegister::ExtendedLvt1,
    LapicRegister::ExtendedLvt2,
    LapicRegister::ExtendedLvt3,
};

class VirtualLapic {
  public:
    constexpr VirtualLapic() = default;
    VirtualLapic(const VirtualLapic &) = delete;
    VirtualLapic &operator=(const VirtualLapic &) = delete;

    // First call. Ends in the power-up state. Errc::Invalid: frequencies that ApicTimer does not take.
    Result<void> configure(const LapicConfig &config);
    void reset_power_up();
    // Keeps ID and IA32_APIC_BASE, as the manuals say. Whatever was posted is forgotten.
    // Level-triggered vectors that die here are owed an EOI to the IO-APICs: ask level_pending() first.
    void reset_init();
    // ISR and IRR bits in the image become pending or in service here; the caller clears from the image what it leaves
    // in the physical LAPIC. The ICR is taken over without sending.
    void restore(const LapicImage &image, std::uint64_t now);
    // For leaving: to be written to the physical LAPIC. ICR is not to be written back; IRR and ISR bits are to be
    // re-raised by the caller. InitialCount holds the period; an armed one-shot goes on with CurrentCount.
    LapicImage save(std::uint64_t now);

    // Registers. xAPIC pages call with lapic_register_at(), and value's low 32 bits; x2APIC MSRs with
    // lapic_register_of_msr(). The caller routes by mode(): the page exists in xAPIC mode only, the MSRs in x2APIC
    // mode only (in other modes the MSRs fault here, and the page is plain memory that must not come here).
    LapicRead read(LapicRegister reg, std::uint64_t now);
    LapicEffect write(LapicRegister reg, std::uint64_t value, std::uint64_t now) {
        if (reg == LapicRegister::Eoi && value == 0 && mode_ != LapicMode::Disabled) [[likely]]
            return end_of_interrupt();
        return write_warm(reg, value, now);
    }
    std::uint64_t apic_base() const { return base_; }
    // Another address than the present one is refused with #GP: the page is trapped where it is.
    LapicEffect write_apic_base(std::uint64_t value, std::uint64_t now);
    std::uint64_t read_tsc_deadline(std::uint64_t now);
    LapicEffect write_tsc_deadline(std::uint64_t value, std::uint64_t now);

    // Short cuts for the hot ones, also behind write(). CR8 is bits 7:4 of the task priority.
    LapicEffect end_of_interrupt();
    std::uint8_t task_priority() const { return tpr_; }
    void set_task_priority(std::uint8_t tpr) {
        tpr_ = tpr;
        update_ppr();
    }

    // A Fixed or LowestPriority interrupt arrives. False: not accepted (disabled, or an illegal vector).
    bool accept(std::uint8_t vector, bool level);
    // Merges what others posted. Call before deliverable(), with the owner's physical interrupts held.
    void collect() {
        if (inbox_.any()) [[unlikely]]
            collect_posted();
    }
    // The vector to inject next, if the guest takes interrupts.
    MaybeVector deliverable() const {
        const std::uint8_t ppr = ppr_.load(std::memory_order_relaxed);
        return highest_irr_ >> 4 > ppr >> 4 ? MaybeVector(highest_irr_) : MaybeVector();
    }
    // The highest requested vector whatever its priority, for TPR thresholds.
    MaybeVector highest_pending() const { return MaybeVector(highest_irr_); }
    // The CPU takes `vector`, which deliverable() has returned: IRR to ISR.
    void acknowledge(std::uint8_t vector);

    // Absolute TSC for the physical timer; ApicTimer::kNever when stopped or when nobody would see it.
    std::uint64_t timer_deadline() const {
        return lapic::LvtMasked::get(lvt(LapicRegister::LvtTimer)) ? ApicTimer::kNever : timer_.deadline();
    }
    // Physical timer fired, or may have: raises the interrupt if it is due. True: re-read timer_deadline().
    bool expire_timer(std::uint64_t now) {
        if (now < timer_.deadline()) [[likely]]
            return false;
        return expire_timer_due(now);
    }

    // What to write to the physical LAPIC for a mirrored register. What could harm the VMM is masked there: INIT,
    // reserved modes, SMI and ExtINT unless restore() found them open in this register, illegal vectors, and
    // level-triggered vectors (nothing could hold their line back until the guest's EOI). The guest reads what it
    // wrote.
    std::uint32_t physical_value(LapicRegister reg) const;
    bool is_present(LapicRegister reg) const { return rules_.is_present(reg); }
    // Errors that the VMM found in the physical ESR; raises the error LVT like own ones.
    void report_errors(std::uint32_t errors);

    LapicMode mode() const { return mode_; }
    bool is_software_enabled() const { return lapic::SpuriousEnable::get(svr_); }
    const VectorSet &requested() const { return irr_; }
    const VectorSet &in_service() const { return isr_; }
    // Pending or in-service vectors that came level-triggered.
    VectorSet level_pending() const;

    PostedInterrupts &inbox() { return inbox_; }
    LapicAddress address() const { return LapicAddress::unpack(address_.load(std::memory_order_acquire)); }
    std::uint8_t priority() const { return ppr_.load(std::memory_order_relaxed); }

  private:
    static constexpr unsigned kLvtCount = 12;

    // CMCI is 0, the timer to the error LVT 2 to 7, the extended ones 8 to 11.
    static constexpr unsigned lvt_slot(LapicRegister reg) {
        if (reg >= LapicRegister::ExtendedLvt0)
            return 8 + index_of(reg) % 4;
        return reg == LapicRegister::LvtCmci ? 0 : index_of(reg) % 8;
    }
    std::uint32_t lvt(LapicRegister reg) const { return lvt_[lvt_slot(reg)]; }
    bool is_accepting() const { return mode_ != LapicMode::Disabled && is_software_enabled(); }
    bool is_lvt_safe(LapicRegister reg) const;
    void clear_registers();
    void collect_posted();
    bool expire_timer_due(std::uint64_t now);
    void update_ppr() {
        const std::uint8_t ppr = tpr_ >> 4 >= highest_isr_ >> 4 ? tpr_ : highest_isr_ & 0xf0;
        ppr_.store(ppr, std::memory_order_relaxed);
    }
    void publish_address();
    std::uint32_t id_register() const;
    std::uint32_t logical_destination() const;
    std::uint32_t arbitration_priority() const;
    std::uint32_t extended_features() const;
    std::uint32_t read_register(LapicRegister reg, std::uint64_t now);
    LapicEffect write_warm(LapicRegister reg, std::uint64_t value, std::uint64_t now);
    LapicEffect write_cold(LapicRegister reg, std::uint64_t value, std::uint64_t now);
    LapicEffect write_register(LapicRegister reg, std::uint32_t value, std::uint64_t now);
    LapicEffect write_spurious(std::uint32_t value, std::uint64_t now);
    LapicEffect write_lvt(LapicRegister reg, std::uint32_t value, std::uint64_t now);
    LapicEffect write_initial_count(std::uint32_t count, std::uint64_t now);
    LapicEffect write_icr(std::uint64_t icr);
    bool may_send(const Ipi &ipi);
    // Whether what this LAPIC sends comes back to itself.
    bool is_addressed(const Ipi &ipi) const {
        if (ipi.shorthand != Shorthand::None)
            return ipi.shorthand != Shorthand::AllButSelf;
        if (ipi.logical)
            return matches_logical(address(), ipi.destination);
        return ipi.destination == kBroadcastDestination || ipi.destination == own_id();
    }
    std::uint32_t own_id() const { return mode_ == LapicMode::X2apic ? config_.apic_id : config_.apic_id & 0xff; }
    LapicEffect send_self(std::uint8_t vector);

    // Hot
    std::uint8_t tpr_ = 0;
    std::atomic<std::uint8_t> ppr_{0}; // others read it to arbitrate; relaxed, as it is out of date at once anyway
    std::uint8_t highest_irr_ = 0;
    std::uint8_t highest_isr_ = 0;
    LapicMode mode_ = LapicMode::Disabled;
    std::uint32_t svr_ = 0;
    std::uint64_t icr_ = 0; // destination as the mode lays it out
    VectorSet irr_, isr_, tmr_;
    ApicTimer timer_;
    // Cold
    std::array<std::uint32_t, kLvtCount> lvt_{};
    std::uint64_t base_ = 0;
    std::uint32_t ldr_ = 0;
    std::uint32_t dfr_ = 0;
    std::uint32_t esr_ = 0;             // as last latched by a write
    std::uint32_t detected_errors_ = 0; // since that write
    std::uint32_t extended_control_ = 0;
    std::array<std::uint32_t, kLvtCount> captured_lvt_{};
    LapicConfig config_;
    LapicRules rules_;
    std::atomic<std::uint64_t> address_{0};
    PostedInterrupts inbox_;
};

// Whether `target` is addressed by what `sender` sends.
inline bool matches(const VirtualLapic &target, const Ipi &ipi, const VirtualLapic &sender) {
    return matches(target.address(), ipi, &target == &sender);
}

// Arbitration of a lowest-priority message: the addressed, enabled LAPIC with the lowest processor priority, the first
// of equals; null if there is none.
VirtualLapic *lowest_priority(std::span<VirtualLapic *const> lapics, const Ipi &ipi, const VirtualLapic &sender);

} // namespace vmm
