// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/sched/sched_group.hpp"

#include <algorithm>

namespace vmm {

void SchedGroup::join(SchedWorld &world, std::uint64_t skew) {
    world.group_ = this;
    members_.add(world);
    size_++;
    note_shape();
    recount(skew);
}

void SchedGroup::leave(SchedWorld &world, std::uint64_t skew) {
    decltype(members_)::remove(world);
    world.group_ = nullptr;
    size_--;
    note_shape();
    recount(skew);
}

// Without siblings nothing is counted.
void SchedGroup::recount(std::uint64_t skew) {
    counted_ = 0;
    last_ = nullptr;
    members_.each([&](SchedWorld &world) {
        if (has_siblings() && counts(world))
            count(world, skew);
    });
}

void SchedGroup::count(SchedWorld &world, std::uint64_t skew) {
    // What was lost while nobody could help it (the leader's CPU had no other work) is forgotten.
    world.progress_ = std::max(world.progress_, front_ - std::min(front_, 2 * skew));
    if (counted_++ == 0 || world.progress_ < back_) {
        last_ = &world;
        back_ = world.progress_;
    }
}

void SchedGroup::discount(SchedWorld &world) {
    counted_--;
    if (last_ == &world)
        last_ = nullptr;
}

// back_ is a lower bound: the members are looked at only when it says that somebody may be too far ahead.
bool SchedGroup::is_held(const SchedWorld &world, std::uint64_t skew) {
    if (lead(world) <= skew) [[likely]]
        return false;
    if (last_ == nullptr) {
        back_ = ~0ull;
        members_.each([this](SchedWorld &member) {
            if (counts(member) && member.progress_ < back_) {
                last_ = &member;
                back_ = member.progress_;
            }
        });
    }
    return lead(world) > skew;
}

} // namespace vmm
