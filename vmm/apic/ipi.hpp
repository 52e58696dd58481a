// SPDX-License-Identifier: GPL-2.0-only
// Inter-processor interrupts as plain values: what an ICR write asks for and which LAPICs it addresses.
#pragma once

#include "vmm/apic/registers.hpp"

#include <cstdint>

namespace vmm {

inline constexpr std::uint32_t kBroadcastDestination = 0xffffffff;

struct Ipi {
    std::uint32_t destination; // a broadcast is kBroadcastDestination in either mode
    std::uint8_t vector;       // for StartUp: the page number of the first instruction
    DeliveryMode mode;
    Shorthand shorthand;
    bool logical;
    bool level;    // trigger bit; tells only an INIT de-assert apart
    bool asserted; // level bit

    constexpr bool operator==(const Ipi &) const = default;
    // The synchronising INIT de-assert of old buses, a no-operation since the Pentium 4.
    constexpr bool is_init_deassert() const { return mode == DeliveryMode::Init && level && !asserted; }
};

// What other CPUs must know of a LAPIC to address it. Small enough to be published in one atomic word.
struct LapicAddress {
    std::uint32_t id = 0;        // 8 bits wide in xAPIC mode
    std::uint8_t logical_id = 0; // xAPIC mode; in x2APIC mode it follows from the ID
    bool flat = true;            // xAPIC mode
    LapicMode mode = LapicMode::Disabled;
    bool enabled = false; // by the spurious-vector register

    constexpr bool operator==(const LapicAddress &) const = default;
    constexpr std::uint64_t pack() const {
        return id | std::uint64_t{logical_id} << 32 | std::uint64_t{flat} << 40 |
               static_cast<std::uint64_t>(mode) << 41 | std::uint64_t{enabled} << 43;
    }
    static constexpr LapicAddress unpack(std::uint64_t word) {
        return {static_cast<std::uint32_t>(word), static_cast<std::uint8_t>(word >> 32), (word >> 40 & 1) != 0,
                static_cast<LapicMode>(word >> 41 & 3), (word >> 43 & 1) != 0};
    }
};

// `icr` is the 64-bit pair; its upper half is laid out as the sender's mode has it.
constexpr Ipi decode_ipi(std::uint64_t icr, LapicMode mode) {
    using namespace lapic;
    Ipi ipi{};
    ipi.vector = IcrVector::get(icr);
    ipi.mode = IcrMode::get(icr);
    ipi.shorthand = IcrShorthand::get(icr);
    ipi.logical = IcrLogical::get(icr);
    ipi.level = IcrLevel::get(icr);
    ipi.asserted = IcrAssert::get(icr);
    if (mode == LapicMode::X2apic)
        ipi.destination = IcrX2apicDestination::get(icr);
    else
        ipi.destination = IcrXapicDestination::get(icr);
    if (mode == LapicMode::Xapic && !ipi.logical && ipi.destination == 0xff)
        ipi.destination = kBroadcastDestination;
    return ipi;
}

constexpr std::uint32_t x2apic_logical_id(std::uint32_t id) {
    return (id >> 4) << 16 | 1u << (id & 15);
}

// Whether a message in logical mode with this destination addresses `target`.
bool matches_logical(LapicAddress target, std::uint32_t destination);

// Whether `target` is among the addressed. `is_sender` says that it is the one that wrote the ICR. Software-disabled
// LAPICs match: they still take INIT, NMI, SMI and start-up, and refuse the rest in VirtualLapic::accept.
inline bool matches(LapicAddress target, const Ipi &ipi, bool is_sender) {
    if (target.mode == LapicMode::Disabled)
        return false;
    switch (ipi.shorthand) {
    case Shorthand::Self:
        return is_sender;
    case Shorthand::All:
        return true;
    case Shorthand::AllButSelf:
        return !is_sender;
    case Shorthand::None:
        break;
    }
    if (ipi.logical)
        return matches_logical(target, ipi.destination);
    return ipi.destination == kBroadcastDestination || ipi.destination == target.id;
}

// Combinations that the manuals call invalid (Self and All other than Fixed) or void (INIT de-assert): nothing is sent.
constexpr bool is_sendable(const Ipi &ipi) {
    if (ipi.mode == DeliveryMode::Fixed)
        return true;
    if (ipi.mode == DeliveryMode::Reserved || ipi.mode == DeliveryMode::ExtInt || ipi.is_init_deassert())
        return false;
    return ipi.shorthand != Shorthand::Self && ipi.shorthand != Shorthand::All;
}

} // namespace vmm
