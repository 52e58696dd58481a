// SPDX-License-Identifier: GPL-2.0-only
// Scheduler: which world runs on which CPU. A pure model: it touches no hardware, and time is what the caller says.
//
// Each CPU has a level of virtual time; worlds compete by theirs, which service advances by 1000/shares. Worlds that
// may run on one CPU only wait there, all others wait on one list for all CPUs. Reservations go before shares, limits
// before all. docs/decisions/0018-scheduler.md says why.
//
// Locking: one lock around every member, the caller's. `now` is the TSC; CPUs may disagree by little.
//
// A CpuMask that a member returns names CPUs that have to call pick() soon ("kicks"); until they have, they are named
// again only where the caller has to wait for them. When a world on a CPU blocks, yields, is paused or removed, that
// CPU calls pick() once the world's state is saved; until then is_on_cpu() holds, and no other CPU gets the world.
#pragma once

#include "vmm/base/result.hpp"
#include "vmm/sched/sched_group.hpp"
#include "vmm/sched/tuning.hpp"

#include <cstdint>
#include <span>

namespace vmm {

inline constexpr std::uint64_t kNever = ~0ull;

class Scheduler {
  public:
    static constexpr unsigned kAnyCpu = kMaxCpus;
    static constexpr std::uint32_t kHeadroom = 100; // permille of each CPU that cannot be reserved

    // Interrupt: something is pending for a world that drives real devices; it is boosted within its credit.
    enum class Urgency : std::uint8_t { Normal, Interrupt };

    struct Choice {
        SchedWorld *world = nullptr;  // null: none, the CPU is idle
        std::uint64_t until = kNever; // call again at this time at the latest
        CpuMask kick;
    };

    constexpr Scheduler() = default;
    Scheduler(const Scheduler &) = delete;
    Scheduler &operator=(const Scheduler &) = delete;

    // What it keeps of a CPU. The room is the caller's, who knows how many there are.
    struct Cpu;
    void configure(std::span<Cpu> cpus, std::uint32_t tsc_khz);

    // Whether a group with these parameters can be added, or `replaced` get them. Errc::Invalid: out of bounds.
    // Errc::OutOfRange: no configured CPU in the mask. Errc::Busy: so much is not left to reserve.
    Result<> admit(const SchedGroup *replaced, const SchedParameters &parameters) const;
    // Of admitted parameters.
    void add(SchedGroup &group, const SchedParameters &parameters, std::uint64_t now);
    CpuMask set(SchedGroup &group, const SchedParameters &parameters, std::uint64_t now);
    // Of a group without worlds.
    void remove(SchedGroup &group);

    // Blocked at first. `cpu` pins it to a CPU of the group's mask.
    void add(SchedWorld &world, SchedGroup &group, std::uint64_t now, unsigned cpu = kAnyCpu);
    // The world is out when is_on_cpu() no longer holds.
    CpuMask remove(SchedWorld &world, std::uint64_t now);

    // For a world that wants a CPU already it is only the urgency that counts.
    CpuMask wake(SchedWorld &world, std::uint64_t now, Urgency urgency = Urgency::Normal);
    void block(SchedWorld &world, std::uint64_t now);
    // Of a world on a CPU: it stays runnable, and others go first for once.
    void yield(SchedWorld &world);
    // Nothing of a paused group runs, whatever wakes it.
    CpuMask pause(SchedGroup &group, std::uint64_t now);
    CpuMask resume(SchedGroup &group, std::uint64_t now);

    // On CPU `cpu`: accounts for what ran there and says what runs next.
    Choice pick(unsigned cpu, std::uint64_t now);

  private:
    // What goes before what. Held: ahead of a sibling that waits. Yielded: of its own will.
    enum class Rank : std::uint8_t { Urgent, Reserved, Shared, Held, Yielded, None };

    // Of a CPU: no world; a world and no other that wants it; both, or it was kicked and will look.
    enum class Load : std::uint8_t { Idle, Alone, Contested };

    // Keys compare by rank first, then by a tag of the rank around now or the CPU's level. Least goes first.
    struct Candidate {
        SchedWorld *world;
        std::uint64_t key;
    };
    static constexpr unsigned kRankShift = 61;
    static constexpr std::uint64_t make_key(Rank rank, std::int64_t distance) {
        constexpr std::uint64_t middle = 1ull << (kRankShift - 1);
        const std::uint64_t tag = (static_cast<std::uint64_t>(distance) + middle) & (2 * middle - 1);
        return static_cast<std::uint64_t>(rank) << kRankShift | tag;
    }
    static constexpr Rank rank_in(std::uint64_t key) { return static_cast<Rank>(key >> kRankShift); }

    // One pick() on its way.
    struct Turn {
        std::uint64_t now;
        unsigned index;
        bool shares_first;      // reservations had their time
        const SchedWorld *keep; // its slice is not over
        Candidate best, next;
        std::size_t rivals;     // worlds that wait and ran here last, the best included
        std::uint64_t released; // when one of those is no longer throttled
    };

    // scheduler.cpp
    bool is_in_bounds(const SchedParameters &parameters) const;
    void adopt(SchedWorld &world);
    void detach(SchedWorld &world);

    // scheduler_members.hpp: small ones on the way of pick()
    bool may_wait(const SchedWorld &world) const;
    void go_home(SchedWorld &world);
    void enqueue(SchedWorld &world);
    void dequeue(SchedWorld &world, std::uint64_t now);
    void settle(Cpu &cpu, std::uint64_t now);

    // scheduler_account.cpp
    Rank rank_of(const SchedWorld &world, std::uint64_t now, bool shares_first);
    bool is_overdrawn(const SchedWorld &world) const;
    bool is_owed(SchedGroup &group, std::uint64_t now);
    void settle_group(Cpu &cpu, std::uint64_t ran, std::uint64_t now);
    void charge_ahead(Cpu &cpu, SchedGroup &group, std::uint64_t now);
    void refund(Cpu &cpu, SchedGroup &group);
    void look_for_siblings(const SchedGroup &group, std::uint64_t now, CpuMask &kicks);
    void release_siblings(const SchedGroup &group, std::uint64_t now, CpuMask &kicks);
    void sweep(std::uint64_t now);

    // scheduler_wake.cpp
    void become_ready(SchedWorld &world, std::uint64_t now);
    void find_cpu(const SchedWorld &world, std::uint64_t now, CpuMask &kicks);
    void find_victim(const SchedWorld &world, const CpuMask &among, std::uint64_t now, CpuMask &kicks);
    void kick(unsigned cpu, CpuMask &kicks);
    void share_out(const SchedWorld &next, std::uint64_t now, CpuMask &kicks);
    void stop_siblings(const SchedWorld &world, std::uint64_t now, CpuMask &kicks);

    // scheduler_pick.cpp
    SchedWorld *stop(Cpu &cpu, std::uint64_t now, CpuMask &kicks);
    SchedWorld *put_back(SchedWorld &world);
    void consider(SchedWorld &world, const Cpu &cpu, Turn &turn);
    std::uint64_t weigh(const SchedWorld &world, const Cpu &cpu, Turn &turn);
    void start(Cpu &cpu, const Turn &turn, const SchedWorld *previous, CpuMask &kicks);
    void bring_level(Cpu &cpu, const Turn &turn, SchedWorld &world);
    void plan(Cpu &cpu, const Turn &turn, SchedWorld &world);
    void confine(Cpu &cpu, const Turn &turn, SchedGroup &group, CpuMask &kicks);
    void note(unsigned index, Load load);
    void kick_others(const Turn &turn, SchedWorld &previous, CpuMask &kicks);

    SchedTuning tuning_;
    std::uint64_t next_sweep_ = 0;
    SchedGroup *groups_ = nullptr;
    WorldList<&SchedWorld::wait_link_> shared_; // worlds that wait and may run on several CPUs
    CpuMask configured_;
    CpuMask idle_, alone_; // without a world, with a world and no rival; CPUs that were kicked are in neither
    unsigned loose_ = 0;   // how many are in one of them
    std::span<Cpu> cpus_;
};

struct alignas(64) Scheduler::Cpu {
    SchedWorld *running = nullptr;
    WorldList<&SchedWorld::wait_link_> pinned; // worlds that wait for this CPU and may run on no other
    VirtualTime level;
    std::uint64_t until = kNever;  // what pick() said
    std::uint64_t slice_end = 0;   // of the world that runs
    std::uint64_t planned = 0;     // ticks that its meters were charged in advance
    std::uint64_t last_shared = 0; // when a world last ran by its shares
    std::uint64_t shift = 0;       // sweep()'s
    Rank rank = Rank::None;        // of the world that runs
    bool contested = false;        // others wanted the CPU at the last pick()
    Load load = Load::Idle;        // as the masks have it
    bool kicked = false;
};

} // namespace vmm
