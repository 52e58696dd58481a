// SPDX-License-Identifier: GPL-2.0-only
// WorldList: worlds that wait for a CPU, linked through themselves.
#pragma once

namespace vmm {

class SchedWorld;

struct WorldLink {
    SchedWorld *next = nullptr;
    SchedWorld **place = nullptr; // what points to this world; null: on no list
};

template <WorldLink SchedWorld::*Link> class WorldList {
  public:
    void add(SchedWorld &world) {
        WorldLink &link = world.*Link;
        link.next = first_;
        link.place = &first_;
        if (first_ != nullptr)
            (first_->*Link).place = &link.next;
        first_ = &world;
    }
    static void remove(SchedWorld &world) {
        WorldLink &link = world.*Link;
        *link.place = link.next;
        if (link.next != nullptr)
            (link.next->*Link).place = link.place;
        link.place = nullptr;
    }
    SchedWorld *first() const { return first_; }
    bool empty() const { return first_ == nullptr; }
    // The function may not remove worlds.
    template <class Function> void each(Function function) const {
        for (SchedWorld *world = first_; world != nullptr; world = (world->*Link).next)
            function(*world);
    }

  private:
    SchedWorld *first_ = nullptr;
};

} // namespace vmm
