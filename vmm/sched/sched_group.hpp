// SPDX-License-Identifier: GPL-2.0-only
// SchedGroup: the worlds of one VM, or of the console, with their parameters, meters and co-scheduling state.
#pragma once

#include "vmm/sched/sched_world.hpp"

#include <cstdint>

namespace vmm {

struct SchedParameters {
    static constexpr std::uint32_t kMostShares = 100000;

    std::uint32_t shares = 1000;   // of each vCPU, 1 to kMostShares
    std::uint32_t reservation = 0; // of the group, in permille of one CPU
    std::uint32_t limit = 0;       // the same; 0: none
    CpuMask affinity;
};

class SchedGroup {
  public:
    constexpr SchedGroup() = default;
    SchedGroup(const SchedGroup &) = delete;
    SchedGroup &operator=(const SchedGroup &) = delete;

    const SchedParameters &parameters() const { return parameters_; }
    bool is_paused() const { return paused_; }
    bool is_throttled(std::uint64_t now) const { return limit_.is_on() && !limit_.is_due(now); }
    bool empty() const { return members_.empty(); }

  private:
    friend class Scheduler;

    bool is_metered() const { return limit_.is_on() || reservation_.is_on(); }
    bool has_siblings() const { return size_ > 1; }
    void note_shape() { plain_ = !is_metered() && !has_siblings(); }
    void join(SchedWorld &world, std::uint64_t skew);
    void leave(SchedWorld &world, std::uint64_t skew);

    // Co-scheduling. A member counts while it wants a CPU and has none; one that yielded does not.
    void count(SchedWorld &world, std::uint64_t skew);
    void recount(std::uint64_t skew);
    void discount(SchedWorld &world);
    bool counts(const SchedWorld &world) const { return world.is_waiting() && !world.yielded_; }
    void advance(SchedWorld &world, std::uint64_t ticks) {
        world.progress_ += ticks;
        front_ = std::max(front_, world.progress_);
    }
    // A world that waited by its own will is no more than half the skew behind.
    void make_up(SchedWorld &world, std::uint64_t skew) {
        world.progress_ = std::max(world.progress_, front_ - std::min(front_, skew / 2));
    }
    // How far it is ahead of the last sibling that waits; never less than it is.
    std::uint64_t lead(const SchedWorld &world) const {
        return counted_ != 0 && world.progress_ > back_ ? world.progress_ - back_ : 0;
    }
    bool is_held(const SchedWorld &world, std::uint64_t skew);
    bool is_behind(const SchedWorld &world, std::uint64_t skew) const {
        return counts(world) && front_ - world.progress_ > skew;
    }
    bool is_preferred(const SchedWorld &world, std::uint64_t skew) const {
        return &world == last_ && is_behind(world, skew);
    }

    SchedParameters parameters_;
    SchedGroup *next_ = nullptr;
    WorldList<&SchedWorld::member_link_> members_;
    RateTag reservation_, limit_;
    std::uint64_t front_ = 0;    // the most progress of a member
    std::uint64_t back_ = 0;     // no counted member has less
    SchedWorld *last_ = nullptr; // the one with back_, while it counts
    std::uint32_t counted_ = 0;
    std::uint32_t size_ = 0;
    bool plain_ = true; // neither meters nor siblings have a say
    bool paused_ = false;
};

} // namespace vmm
