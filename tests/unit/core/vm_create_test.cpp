// SPDX-License-Identifier: GPL-2.0-only
// VM_CREATE: what it takes, what it refuses, and that nothing stays behind of what was refused.
#include "vmm/core/vm_life.hpp"

#include "tests/unit/fakes/vm_host_fixture.hpp"
#include "tests/unit/mm/page_walk.hpp"
#include "vmm/core/vm_nested.hpp"
#include "vmm/svm/nested.hpp"

namespace vmm::test {
namespace {

// What memory there is, by owner, and frames.
struct Account {
    std::uint64_t free, dirty, vm, frames, used, available;
    bool operator==(const Account &) const = default;
};

class VmCreate : public VmHostFixture {
  protected:
    explicit VmCreate(unsigned levels = 4) : VmHostFixture({.cpus = 2, .spare_pieces = 16}, levels) {}
    Account account() {
        const PieceMap &pieces = g_vmm.ram.pieces();
        return {pieces.pieces(Owner::Free),   pieces.pieces(Owner::Dirty), pieces.pieces(Owner::Vm),
                pieces.pieces(Owner::Frames), g_vmm.frames.used(),         g_vmm.frames.available()};
    }
    void use_up_frames() {
        while (g_vmm.frames.allocate())
            ;
    }
    // Refused, and as if it had not been tried.
    void expect_refused(const vmnix_vm_config &config, unsigned error, const char *what) {
        const Account before = account();
        const HypercallResult result = create(config);
        EXPECT_EQ(result.error, error) << what;
        EXPECT_EQ(result.results, error == VMNIX_HC_ENOMEM ? 1 : 0) << what;
        EXPECT_TRUE(account() == before) << what;
        EXPECT_EQ(call(VMNIX_HC_VM_NEXT).error, unsigned{VMNIX_HC_ENOENT}) << what;
        EXPECT_EQ(g_vmm.vm_count, 0u) << what;
    }
    void kill_and_remove(std::uint64_t id) {
        EXPECT_EQ(order(id, VMNIX_VM_KILL).error, 0u);
        EXPECT_EQ(order(id, VMNIX_VM_REMOVE).error, 0u);
    }
};

class VmCreateFiveLevels : public VmCreate {
  protected:
    VmCreateFiveLevels() : VmCreate(5) {}
};

TEST_F(VmCreate, WhatIsAskedIsThere) {
    vmnix_vm_config asked = config("web-1.example_x", 3, 6 * kMega);
    asked.flags = VMNIX_VM_AUTO_REMOVE;
    asked.share = {.shares = 500, .reservation = 100, .limit = 700, .reserved = 0, .affinity = {2}};
    asked.definition_size = 5;
    std::ranges::copy(std::string_view("hello"), asked.definition);
    rig_.hardware().tsc = 5'000'000;
    const Vm &vm = make(asked);
    const vmnix_vm_info told = info(vm.id);
    EXPECT_EQ(told.size, sizeof(told));
    EXPECT_EQ(told.id, vm.id);
    EXPECT_EQ(told.state, unsigned{VMNIX_VM_STATE_CREATED});
    EXPECT_EQ(told.ending, unsigned{VMNIX_VM_NOT_ENDED});
    EXPECT_STREQ(told.name, "web-1.example_x");
    EXPECT_EQ(std::memcmp(told.uuid, asked.uuid, sizeof(asked.uuid)), 0);
    EXPECT_EQ(told.memory, 6 * kMega);
    EXPECT_EQ(told.vcpus, 3u);
    EXPECT_EQ(told.flags, asked.flags);
    EXPECT_EQ(told.console_size, asked.console_size);
    EXPECT_EQ(told.console_head, 0u);
    EXPECT_EQ(told.definition_size, 5u);
    EXPECT_EQ(std::memcmp(&told.share, &asked.share, sizeof(asked.share)), 0);
    EXPECT_GE(told.created_tsc, 5'000'000u);
    EXPECT_GT(told.tsc, told.created_tsc);
    EXPECT_EQ(told.started_tsc + told.ended_tsc + told.run_tsc + told.exits, 0u);
    EXPECT_EQ(memory().vms, 1u);
    EXPECT_EQ(memory().ram, 6 * kMega);
}

// The VM's RAM in its own tables: every page of it, writable, in pieces that are its own; and nothing else.
TEST_F(VmCreate, NestedTables) {
    const Vm &vm = make(config("vm", 1, 6 * kMega));
    std::vector<std::uint64_t> pieces;
    for (std::uint64_t gpa = 0; gpa < 6 * kMega; gpa += PieceMap::kSize) {
        const auto walked = walk_as_cpu(g_vmm.frames, vm.nested_root, 4, gpa);
        ASSERT_TRUE(walked);
        EXPECT_EQ(walked->page, PieceMap::kSize);
        EXPECT_TRUE(walked->write && walked->execute && walked->user);
        EXPECT_EQ(kVmmPat >> 8 * walked->pat_index & 0xff, 6u);
        EXPECT_EQ(g_vmm.ram.pieces().at(walked->pa), Owner::Vm);
        EXPECT_EQ(vm.memory.at(Gpa(gpa)), at_physical<std::byte>(Hpa(walked->pa)));
        pieces.push_back(walked->pa);
    }
    std::ranges::sort(pieces);
    EXPECT_EQ(std::ranges::adjacent_find(pieces), pieces.end());
    for (std::uint64_t gpa : {6 * kMega, Rig::kLapicPage, Rig::kIoApicPage, std::uint64_t{VMNIX_VM_LOW_RAM},
                              std::uint64_t{VMNIX_VM_HIGH_RAM}, std::uint64_t{1} << 46}) {
        EXPECT_FALSE(walk_as_cpu(g_vmm.frames, vm.nested_root, 4, gpa)) << std::hex << gpa;
        EXPECT_EQ(vm.memory.at(Gpa(gpa)), nullptr) << std::hex << gpa;
    }
    const svm::ControlArea &control = svm::Vcpu(*vm.world_list[0]).vmcb().control;
    EXPECT_EQ(control.n_cr3, vm.nested_root.raw());
    EXPECT_EQ(control.nested_control, 1u);
}

TEST_F(VmCreateFiveLevels, NestedTablesAndBack) {
    supply(3);
    const Account before = account();
    const Vm &vm = make(config());
    EXPECT_TRUE(walk_as_cpu(g_vmm.frames, vm.nested_root, 5, 4 * kMega - 1));
    EXPECT_FALSE(walk_as_cpu(g_vmm.frames, vm.nested_root, 5, 4 * kMega));
    kill_and_remove(vm.id);
    EXPECT_EQ(account().used, before.used);
}

TEST_F(VmCreate, EverythingComesBack) {
    supply(8);
    const Account before = account();
    for (unsigned round = 0; round < 3; round++) {
        vmnix_vm_config many = config("many", 32, 8 * kMega);
        many.console_size = 1u << 20;
        const HypercallResult made = create(many);
        ASSERT_EQ(made.error, 0u);
        EXPECT_EQ(account().vm, 4u);
        kill_and_remove(made.rdi);
        EXPECT_EQ(account().used, before.used);
        EXPECT_EQ(account().vm, 0u);
        EXPECT_EQ(account().dirty, 4u); // with what the VM left there
        EXPECT_EQ(call(VMNIX_HC_VM_INFO, made.rdi, kArguments, 352).error, unsigned{VMNIX_HC_ENOENT});
        while (call(VMNIX_HC_SCRUB).rdi != 0)
            ;
    }
    for (unsigned i = 0; i < 8; i++) // all eight can be had again
        ASSERT_EQ(call(VMNIX_HC_TAKE).error, 0u);
}

// A VM's RAM is scrubbed before anybody else gets it.
TEST_F(VmCreate, WhatWasAVmsIsDirty) {
    const Vm &vm = make(config());
    std::byte *const at = vm.memory.at(Gpa(0x1234));
    *at = std::byte{0x55};
    kill_and_remove(vm.id);
    EXPECT_EQ(g_vmm.ram.pieces().at(physical_of(at).raw()), Owner::Dirty);
    const HypercallResult again = create(config());
    expect_error({.error = again.error}, VMNIX_HC_ENOMEM); // it is not free
    while (call(VMNIX_HC_SCRUB).rdi != 0)
        ;
    EXPECT_EQ(*at, std::byte{0});
}

// The number that comes with ENOMEM is exact: one piece fewer is too few, with so many it works. No frames are left.
TEST_F(VmCreate, TheNeededNumberIsExact) {
    struct Row {
        unsigned vcpus, console_pages;
        std::uint64_t pieces;
    };
    for (const Row &row : {Row{1, 1, 1}, Row{32, 256, 4}, Row{8, 200, 2}, Row{32, 256, 1}}) {
        vmnix_vm_config wanted = config("vm", row.vcpus, row.pieces * PieceMap::kSize);
        wanted.console_size = row.console_pages * kPageSize;
        supply(1); // the console's tables are split
        use_up_frames();
        const HypercallResult first = create(wanted);
        ASSERT_EQ(first.error, unsigned{VMNIX_HC_ENOMEM});
        ASSERT_EQ(first.results, 1u);
        EXPECT_EQ(first.rdi, row.pieces + 1);
        while (g_vmm.ram.pieces().pieces(Owner::Free) + 1 < first.rdi)
            supply(1);
        expect_refused(wanted, VMNIX_HC_ENOMEM, "one piece is missing");
        EXPECT_EQ(create(wanted).rdi, first.rdi); // as long as there are so many frames
        supply(1);
        const HypercallResult made = create(wanted);
        ASSERT_EQ(made.error, 0u);
        EXPECT_EQ(g_vmm.ram.pieces().pieces(Owner::Free), 0u);
        // What the VM says it has beside its RAM is what it took.
        EXPECT_LE(vm(made.rdi).frames + row.console_pages, 512u);
        kill_and_remove(made.rdi);
        while (call(VMNIX_HC_SCRUB).rdi != 0)
            ;
        while (call(VMNIX_HC_TAKE).error == 0 || g_vmm.ram.pieces().pieces(Owner::Dirty) != 0)
            (void)call(VMNIX_HC_SCRUB);
    }
}

// Frames that are there already are not asked for.
TEST_F(VmCreate, FramesThatAreThereCount) {
    EXPECT_EQ(create(config("vm", 1, 4 * kMega)).rdi, 2u); // the arena has enough
    supply(1);
    use_up_frames();
    EXPECT_EQ(create(config("vm", 1, 4 * kMega)).rdi, 3u);
}

TEST_F(VmCreate, FramesTakenAreWithinWhatIsTold) {
    supply(2);
    for (unsigned vcpus : {1u, 5u, 32u}) {
        const std::uint64_t before = g_vmm.frames.used();
        const Vm &vm = make(config("vm", vcpus));
        const std::uint64_t taken = g_vmm.frames.used() - before - 2; // its console's ring
        EXPECT_LE(taken, vm.frames);
        EXPECT_GE(taken + 6, vm.frames); // not much is reserved for nothing
        EXPECT_EQ(info(vm.id).overhead, vm.frames * kPageSize);
        kill_and_remove(vm.id);
        while (call(VMNIX_HC_SCRUB).rdi != 0)
            ;
    }
}

struct Bad {
    const char *what;
    void (*change)(vmnix_vm_config &);
    unsigned error = VMNIX_HC_EINVAL;
};

const Bad kBad[] = {
    {"size", [](vmnix_vm_config &c) { c.size = sizeof(c) - 1; }},
    {"size 0", [](vmnix_vm_config &c) { c.size = 0; }},
    {"no vCPU", [](vmnix_vm_config &c) { c.vcpus = 0; }},
    {"too many vCPUs", [](vmnix_vm_config &c) { c.vcpus = VMNIX_MAX_VM_VCPUS + 1; }},
    {"vCPUs wrap", [](vmnix_vm_config &c) { c.vcpus = ~0u; }},
    {"no memory", [](vmnix_vm_config &c) { c.memory = 0; }},
    {"part of a piece", [](vmnix_vm_config &c) { c.memory = VMNIX_PIECE_SIZE / 2; }},
    {"a piece and a half", [](vmnix_vm_config &c) { c.memory = VMNIX_PIECE_SIZE * 3 / 2; }},
    {"a byte too many", [](vmnix_vm_config &c) { c.memory++; }},
    {"too much memory", [](vmnix_vm_config &c) { c.memory = VMNIX_VM_MEMORY_MOST + VMNIX_PIECE_SIZE; }},
    {"memory wraps", [](vmnix_vm_config &c) { c.memory = ~0ull << 21; }},
    {"unknown flag", [](vmnix_vm_config &c) { c.flags = 2; }},
    {"all flags", [](vmnix_vm_config &c) { c.flags = ~0u; }},
    {"reserved", [](vmnix_vm_config &c) { c.reserved = 1; }},
    {"no ring", [](vmnix_vm_config &c) { c.console_size = 0; }},
    {"part of a page", [](vmnix_vm_config &c) { c.console_size = 2048; }},
    {"a page and a half", [](vmnix_vm_config &c) { c.console_size = 6144; }},
    {"large ring", [](vmnix_vm_config &c) { c.console_size = (1u << 20) + 4096; }},
    {"ring wraps", [](vmnix_vm_config &c) { c.console_size = ~0u << 12; }},
    {"large definition", [](vmnix_vm_config &c) { c.definition_size = VMNIX_VM_DEFINITION + 1; }},
    {"definition wraps", [](vmnix_vm_config &c) { c.definition_size = ~0u; }},
    {"no shares", [](vmnix_vm_config &c) { c.share.shares = 0; }},
    {"many shares", [](vmnix_vm_config &c) { c.share.shares = 100001; }},
    {"share reserved", [](vmnix_vm_config &c) { c.share.reserved = 1; }},
    {"limit below reservation", [](vmnix_vm_config &c) { c.share.reservation = 200, c.share.limit = 199; }},
    {"large limit", [](vmnix_vm_config &c) { c.share.limit = ~0u; }},
    {"limit of more CPUs", [](vmnix_vm_config &c) { c.share.limit = 2001; }},
    {"large reservation", [](vmnix_vm_config &c) { c.share.reservation = ~0u; }},
    {"reservation of more CPUs", [](vmnix_vm_config &c) { c.share.reservation = 2001; }},
    {"reservation of nearly all", [](vmnix_vm_config &c) { c.share.reservation = 1900; }, VMNIX_HC_ENOSPC},
    {"affinity to a CPU that is not there", [](vmnix_vm_config &c) { c.share.affinity[0] = 4; }},
    {"affinity to the last", [](vmnix_vm_config &c) { c.share.affinity[3] = 1ull << 63; }},
    {"no name", [](vmnix_vm_config &c) { c.name[0] = 0; }},
    {"name without end", [](vmnix_vm_config &c) { std::ranges::fill(c.name, 'a'); }},
    {"name with a dot first", [](vmnix_vm_config &c) { c.name[0] = '.'; }},
    {"name with a dash first", [](vmnix_vm_config &c) { c.name[0] = '-'; }},
    {"name with a slash", [](vmnix_vm_config &c) { c.name[1] = '/'; }},
    {"name with a space", [](vmnix_vm_config &c) { c.name[1] = ' '; }},
    {"name with an escape", [](vmnix_vm_config &c) { c.name[1] = '\x1b'; }},
    {"name with a line's end", [](vmnix_vm_config &c) { c.name[1] = '\n'; }},
    {"name with a percent sign", [](vmnix_vm_config &c) { c.name[1] = '%'; }},
    {"name with a quote", [](vmnix_vm_config &c) { c.name[1] = '"'; }},
    {"name above ASCII", [](vmnix_vm_config &c) { c.name[1] = '\xe4'; }},
};

TEST_F(VmCreate, BadConfigurations) {
    supply(3);
    for (const Bad &bad : kBad) {
        vmnix_vm_config broken = config();
        bad.change(broken);
        expect_refused(broken, bad.error, bad.what);
    }
    EXPECT_EQ(create(config()).error, 0u);
}

// At the bounds.
TEST_F(VmCreate, GoodConfigurations) {
    const Bad good[] = {
        {"a newer caller", [](vmnix_vm_config &c) { c.size = sizeof(c) + 64; }},
        {"the smallest", [](vmnix_vm_config &c) { c.memory = VMNIX_VM_MEMORY_LEAST; }},
        {"all vCPUs", [](vmnix_vm_config &c) { c.vcpus = VMNIX_MAX_VM_VCPUS; }},
        {"smallest ring", [](vmnix_vm_config &c) { c.console_size = 4096; }},
        {"largest ring", [](vmnix_vm_config &c) { c.console_size = 1u << 20; }},
        {"largest definition", [](vmnix_vm_config &c) { c.definition_size = VMNIX_VM_DEFINITION; }},
        {"most shares", [](vmnix_vm_config &c) { c.share.shares = 100000; }},
        {"one share", [](vmnix_vm_config &c) { c.share.shares = 1; }},
        {"limit of all", [](vmnix_vm_config &c) { c.share.limit = 2000; }},
        {"reservation that fits", [](vmnix_vm_config &c) { c.share.reservation = 1800; }},
        {"a CPU that is there and others", [](vmnix_vm_config &c) { c.share.affinity[0] = ~0ull; }},
        {"longest name", [](vmnix_vm_config &c) { std::fill_n(c.name, VMNIX_VM_NAME - 1, '9'); }},
        {"characters", [](vmnix_vm_config &c) { std::strcpy(c.name, "_A-z.0"); }},
    };
    supply(3);
    for (const Bad &row : good) {
        vmnix_vm_config wanted = config();
        row.change(wanted);
        const HypercallResult made = create(wanted);
        ASSERT_EQ(made.error, 0u) << row.what;
        kill_and_remove(made.rdi);
        while (call(VMNIX_HC_SCRUB).rdi != 0)
            ;
    }
}

TEST_F(VmCreate, BadAddresses) {
    supply(3);
    (void)at_arguments(config());
    for (std::uint64_t size : {std::uint64_t{0}, std::uint64_t{8}, sizeof(vmnix_vm_config) - 1})
        expect_error(call(VMNIX_HC_VM_CREATE, kArguments, size), VMNIX_HC_EINVAL);
    for (std::uint64_t address :
         {Rig::kArena.begin.raw(), Rig::kArena.begin.raw() - 100, std::uint64_t{0xfee00000}, spare(0), spare(0) - 100,
          Rig::kHighRam.end().raw() - 100, ~std::uint64_t{0}, std::uint64_t{1} << 63})
        expect_error(call(VMNIX_HC_VM_CREATE, address, sizeof(vmnix_vm_config)), VMNIX_HC_EFAULT);
    EXPECT_EQ(call(VMNIX_HC_VM_CREATE, kArguments, ~0ull).error, 0u); // of a newer caller: what it has more is not read
}

TEST_F(VmCreate, NamesAndUuidsAreTakenOnce) {
    const std::uint64_t first = make(config("one")).id;
    supply(4);
    vmnix_vm_config same_name = config("one"), same_uuid = config("two");
    same_name.uuid[15] = 1;
    std::ranges::copy(config("one").uuid, same_uuid.uuid);
    expect_error(create(same_name), VMNIX_HC_EEXIST);
    expect_error(create(same_uuid), VMNIX_HC_EEXIST);
    const HypercallResult second = create(config("two"));
    ASSERT_EQ(second.error, 0u);
    EXPECT_GT(second.rdi, first);
    kill_and_remove(first);
    while (call(VMNIX_HC_SCRUB).rdi != 0)
        ;
    EXPECT_EQ(create(same_name).error, 0u); // it is free again
}

// A failure in the middle: a LAPIC timer that cannot be had. All that was built before goes back.
TEST_F(VmCreate, FailureHalfWay) {
    supply(6);
    rig_.handover().tsc_khz = 1;
    const Account before = account();
    EXPECT_NE(create(config("vm", 4)).error, 0u);
    rig_.handover().tsc_khz = 2500000;
    const Account after = account();
    EXPECT_EQ(after.used, before.used);
    EXPECT_EQ(after.vm, 0u);
    EXPECT_EQ(after.free + after.dirty, before.free);
    EXPECT_EQ(g_vmm.vm_count, 0u);
    EXPECT_EQ(create(config("vm", 4)).error, 0u); // nor is the name taken
}

TEST_F(VmCreate, AsManyAsThereMayBe) {
    // The table of VMs full of strangers: no memory is looked for.
    std::vector<std::unique_ptr<Vm>> others;
    for (unsigned i = 0; i < VMNIX_MAX_VMS; i++) {
        Vms &vms = g_vmm.vms.unguarded();
        others.push_back(std::make_unique<Vm>());
        others.back()->id = *vms.next_id();
        others.back()->uuid[0] = static_cast<std::uint8_t>(i + 1);
        vms.add(others.back()->id, *others.back());
    }
    supply(3);
    expect_error(create(config()), VMNIX_HC_ENOSPC);
}

} // namespace
} // namespace vmm::test
