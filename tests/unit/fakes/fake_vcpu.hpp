// SPDX-License-Identifier: GPL-2.0-only
// FakeVcpu: the third backend. What the shared handlers do to a guest shows in a FakeGuest.
#pragma once

#include "tests/unit/fakes/guest.hpp"
#include "vmm/decode/instruction.hpp"
#include "vmm/exit/exit.hpp"

#include <functional>
#include <optional>

namespace vmm::test {

struct FakeGuest {
    enum class Kind : std::uint8_t { Exception, Nmi };
    struct Event {
        Kind kind;
        std::uint8_t vector;
        std::optional<std::uint32_t> error;
        bool operator==(const Event &) const = default;
    };

    std::uint64_t rip = Guest::kCode, rflags = x86::rflags::Fixed | x86::rflags::IF, cs_base = 0;
    Paging paging = Guest::paging();
    CodeSize code = CodeSize::Bits64;
    std::uint8_t cpl = 0;

    std::optional<Event> queued; // for the next entry
    bool shadow = false, nmi_blocked = false, nmi_step = false;
    bool nmi_window = false;
    std::optional<std::uint8_t> offered; // interrupt that the guest takes when it can
    bool takes_offers = true;
    NestedFault fault{};
    bool more_to_map = false, mtrrs_followed = true;

    // What was asked for
    bool idle_exits = false; // HLT and MWAIT
    unsigned host_contexts = 0, flushes = 0, resets = 0, nmi_windows = 0, mtrr_follows = 0, controls = 0;
    std::vector<Gpa> mapped;
    std::vector<std::uint8_t> starts;
    std::function<void()> on_window = [] {}; // what the acknowledge window takes
    std::function<void()> on_wait = [] { panic("nobody wakes this CPU", __FILE__, __LINE__); };
};

class FakeVcpu {
  public:
    static constexpr bool kIsVm = false;
    static constexpr std::uint64_t kWbinvd = 0x89; // an exit code

    explicit FakeVcpu(World &world) : world_(world) {}

    World &world() { return world_; }
    Cpu &cpu() { return *world_.cpu; }
    const ConsoleRam &memory() { return g_vmm.ram; }
    FakeGuest &guest() const { return *world_.backend<FakeGuest *>(); }
    std::uint64_t &gpr(x86::Gpr reg) { return world_.gpr[static_cast<unsigned>(reg)]; }

    std::uint64_t rip() const { return guest().rip; }
    std::uint64_t rflags() const { return guest().rflags; }
    void set_rflags(std::uint64_t value) { guest().rflags = value; }
    std::uint64_t cr4() const { return guest().paging.cr4; }
    std::uint8_t cpl() const { return guest().cpl; }
    Paging paging() const { return guest().paging; }
    CodeSize code_size() const { return guest().code; }
    Gva instruction_address(CodeSize code) const {
        return code == CodeSize::Bits64 ? Gva(rip()) : Gva((guest().cs_base + rip()) & 0xffffffff);
    }
    void advance(std::uint8_t length) { guest().rip += length; }

    void inject(x86::Vector vector) {
        guest().queued = {FakeGuest::Kind::Exception, static_cast<std::uint8_t>(vector), {}};
    }
    void inject(x86::Vector vector, std::uint32_t error) {
        guest().queued = {FakeGuest::Kind::Exception, static_cast<std::uint8_t>(vector), error};
    }
    bool event_queued() const { return guest().queued.has_value(); }
    bool can_take_nmi() const { return !guest().nmi_blocked && !guest().shadow && !event_queued(); }
    void offer_interrupt(std::uint8_t vector) { guest().offered = vector; }
    bool has_offered() const { return guest().offered.has_value(); }
    MaybeVector end_offer() {
        const std::optional<std::uint8_t> offered = std::exchange(guest().offered, {});
        return guest().takes_offers ? MaybeVector(*offered) : MaybeVector();
    }
    void inject_nmi() {
        guest().queued = {FakeGuest::Kind::Nmi, 2, {}};
        guest().nmi_blocked = true;
    }
    void open_nmi_window() { guest().nmi_window = true; }
    bool finish_nmi_step() { return std::exchange(guest().nmi_step, false); }

    std::uint64_t guest_efer() const { return guest().paging.efer; }
    void set_guest_efer(std::uint64_t value) { guest().paging.efer = value; }

    void enter_host_context() { guest().host_contexts++; }
    void reset() {
        guest().resets++;
        world_.gpr.fill(0);
    }
    void start_at(std::uint8_t sipi_vector) { guest().starts.push_back(sipi_vector); }
    void acknowledge_window() { guest().on_window(); }
    void nmi_window() { guest().nmi_windows++; }
    bool is_wbinvd(const Exit &exit) const { return exit.code == kWbinvd; }
    void intercept_idle(bool on) { guest().idle_exits = on; }
    void request_flush() { guest().flushes++; }
    NestedFault nested_fault() const { return guest().fault; }
    Verdict handle_control(const Exit &) {
        guest().controls++;
        return Verdict::Resume;
    }
    bool map_more(Gpa address) {
        guest().mapped.push_back(address);
        return guest().more_to_map;
    }
    bool follow_mtrrs() {
        guest().mtrr_follows++;
        return guest().mtrrs_followed;
    }

  private:
    World &world_;
};

} // namespace vmm::test
