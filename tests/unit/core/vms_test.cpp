// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/vms.hpp"

#include "vmm/core/vm.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

namespace vmm {
namespace {

class VmsTest : public testing::Test {
  protected:
    std::uint32_t add(Vm &vm) {
        const std::uint32_t id = *vms_.next_id();
        vms_.add(id, vm);
        return id;
    }
    std::vector<std::unique_ptr<Vm>> vm_;
    Vm &fresh() { return *vm_.emplace_back(std::make_unique<Vm>()); }
    unsigned count() {
        unsigned count = 0;
        vms_.each([&](const Vm &) { count++; });
        return count;
    }
    Vms vms_;
};

TEST_F(VmsTest, Found) {
    Vm &one = fresh(), &two = fresh();
    EXPECT_EQ(vms_.find(0), nullptr);
    EXPECT_EQ(vms_.find(1), nullptr);
    const std::uint32_t first = add(one), second = add(two);
    EXPECT_NE(first, 0u); // 0 is the console
    EXPECT_GT(second, first);
    EXPECT_EQ(vms_.find(first), &one);
    EXPECT_EQ(vms_.find(second), &two);
    EXPECT_EQ(vms_.find(0), nullptr);
    EXPECT_EQ(vms_.find(second + 1), nullptr);
    EXPECT_EQ(vms_.find(std::uint64_t{1} << 32 | first), nullptr); // all of what the caller says counts
    EXPECT_EQ(count(), 2u);
}

TEST_F(VmsTest, IdsAreNeverUsedTwice) {
    std::set<std::uint32_t> ids;
    Vm &vm = fresh();
    for (unsigned i = 0; i < 1000; i++) {
        const std::uint32_t id = add(vm);
        EXPECT_TRUE(ids.insert(id).second);
        vms_.remove(id);
        EXPECT_EQ(vms_.find(id), nullptr);
    }
    EXPECT_EQ(count(), 0u);
}

// One that is not added after all costs no id and no room.
TEST_F(VmsTest, AskingChangesNothing) {
    EXPECT_EQ(*vms_.next_id(), *vms_.next_id());
    EXPECT_EQ(count(), 0u);
}

TEST_F(VmsTest, AsManyAsThereAre) {
    std::vector<std::uint32_t> ids;
    for (unsigned i = 0; i < VMNIX_MAX_VMS; i++)
        ids.push_back(add(fresh()));
    EXPECT_EQ(vms_.next_id().error(), Errc::OutOfRange);
    vms_.remove(ids[50]);
    Vm &late = fresh();
    const std::uint32_t id = add(late);
    EXPECT_EQ(vms_.find(id), &late);
    EXPECT_GT(id, ids.back());
    EXPECT_EQ(vms_.next_id().error(), Errc::OutOfRange);
    for (unsigned i = 0; i < VMNIX_MAX_VMS; i++)
        EXPECT_EQ(vms_.find(ids[i]), i == 50 ? nullptr : vm_[i].get()) << i;
}

TEST_F(VmsTest, RemovingWhileLooking) {
    std::vector<std::uint32_t> ids;
    for (unsigned i = 0; i < 5; i++) {
        Vm &vm = fresh();
        vm.id = add(vm);
        ids.push_back(vm.id);
    }
    vms_.each([&](const Vm &vm) {
        if (vm.id % 2 == 0)
            vms_.remove(vm.id);
    });
    for (std::uint32_t id : ids)
        EXPECT_EQ(vms_.find(id) == nullptr, id % 2 == 0) << id;
}

} // namespace
} // namespace vmm
