// SPDX-License-Identifier: GPL-2.0-only
// The circle that a piece of memory goes: the console's, dirty, free, and the console's again.
#include "vmm/core/memory.hpp"

#include "tests/unit/fakes/vm_host_fixture.hpp"
#include "tests/unit/mm/page_walk.hpp"
#include "vmm/core/interrupts.hpp"

namespace vmm::test {
namespace {

class MemoryTest : public VmHostFixture {
  protected:
    explicit MemoryTest(unsigned cpus = 1) : VmHostFixture({.cpus = cpus, .io_apics = 1, .spare_pieces = 4}) {}
    PieceMap &pieces() { return g_vmm.ram.pieces(); }
    std::optional<Walked> walk(std::uint64_t gpa) {
        return walk_as_cpu(g_vmm.frames, svm::g_shared.nested.unguarded().tables().root(), 4, gpa);
    }
    bool is_consoles(std::uint64_t piece) {
        for (std::uint64_t at : {piece, piece + PieceMap::kSize - 1}) {
            const auto walked = walk(at);
            if (!walked || walked->pa != at || !walked->write || !walked->execute || !g_vmm.ram.at(Gpa(at)))
                return false;
        }
        return pieces().at(piece) == Owner::Console;
    }
    bool is_hidden(std::uint64_t piece) {
        return !walk(piece) && !walk(piece + PieceMap::kSize - 1) && !g_vmm.ram.at(Gpa(piece)) &&
               !g_vmm.ram.at(Gpa(piece + PieceMap::kSize - 1));
    }
    std::span<std::byte> bytes(std::uint64_t piece) { return rig_.memory().bytes(piece, PieceMap::kSize); }
};

class MemoryOfManyTest : public MemoryTest {
  protected:
    MemoryOfManyTest() : MemoryTest(3) {}
};

TEST_F(MemoryTest, TheCircle) {
    const std::uint64_t piece = spare(1);
    std::ranges::fill(bytes(piece), std::byte{0x5a});
    ASSERT_TRUE(is_consoles(piece));
    EXPECT_EQ(call(VMNIX_HC_GIVE, piece).error, 0u);
    EXPECT_TRUE(is_hidden(piece));
    EXPECT_TRUE(is_consoles(spare(0)) && is_consoles(spare(2)));
    EXPECT_EQ(pieces().at(piece), Owner::Dirty);
    expect_error(call(VMNIX_HC_TAKE), VMNIX_HC_ENOENT); // not before it is clean
    const HypercallResult scrubbed = call(VMNIX_HC_SCRUB);
    EXPECT_EQ(scrubbed.error, 0u);
    EXPECT_EQ(scrubbed.results, 1u);
    EXPECT_EQ(scrubbed.rdi, 0u);
    EXPECT_EQ(pieces().at(piece), Owner::Free);
    EXPECT_TRUE(is_hidden(piece));
    EXPECT_TRUE(std::ranges::all_of(bytes(piece), [](std::byte b) { return b == std::byte{0}; }));
    const HypercallResult taken = call(VMNIX_HC_TAKE);
    EXPECT_EQ(taken.error, 0u);
    EXPECT_EQ(taken.results, 1u);
    EXPECT_EQ(taken.rdi, piece);
    EXPECT_TRUE(is_consoles(piece));
    expect_error(call(VMNIX_HC_TAKE), VMNIX_HC_ENOENT);
}

TEST_F(MemoryTest, ScrubsOneAtATime) {
    for (unsigned n = 0; n < 3; n++)
        EXPECT_EQ(call(VMNIX_HC_GIVE, spare(n)).error, 0u);
    for (std::uint64_t left : {2, 1, 0, 0}) {
        const HypercallResult scrubbed = call(VMNIX_HC_SCRUB);
        EXPECT_EQ(scrubbed.error, 0u);
        EXPECT_EQ(scrubbed.rdi, left);
        EXPECT_EQ(pieces().pieces(Owner::Dirty), left);
    }
}

TEST_F(MemoryTest, WrongAddresses) {
    const std::uint64_t given = spare(0);
    ASSERT_EQ(call(VMNIX_HC_GIVE, given).error, 0u);
    for (std::uint64_t address : {spare(1) + 1, spare(1) + kPageSize, spare(1) + PieceMap::kSize / 2, ~0ul})
        expect_error(call(VMNIX_HC_GIVE, address), VMNIX_HC_EINVAL);
    for (std::uint64_t address : {given, std::uint64_t{0}, Rig::kArena.begin.raw(),
                                  Rig::kArena.begin.raw() + PieceMap::kSize,                       // the VMM's
                                  std::uint64_t{0xfee00000}, std::uint64_t{0xc0000000}, 4 * kGiga, // no RAM, or in part
                                  spare(4), std::uint64_t{1} << 40, ~0ul << PieceMap::kShift})
        expect_error(call(VMNIX_HC_GIVE, address), VMNIX_HC_EFAULT);
    EXPECT_EQ(pieces().pieces(Owner::Dirty), 1u);
    EXPECT_TRUE(is_consoles(spare(1)));
}

// What other CPUs may still write to is not clean yet.
TEST_F(MemoryOfManyTest, ScrubsWhenEverybodyHasFlushed) {
    ASSERT_EQ(call(VMNIX_HC_GIVE, spare(0)).error, 0u);
    EXPECT_TRUE(holds(rig_.cpu().console.mailbox.take(), Mail::Flush));
    bytes(spare(0))[5] = std::byte{7};
    expect_error(call(VMNIX_HC_SCRUB), VMNIX_HC_EBUSY);
    for (unsigned i : {1u, 2u}) {
        expect_error(call(VMNIX_HC_SCRUB), VMNIX_HC_EBUSY);
        EXPECT_EQ(bytes(spare(0))[5], std::byte{7});
        ASSERT_EQ(rig_.cpu(i).kicks, 1u);
        rig_.play(i);
        rig_.put_in_service(i, kKickVector);
        take_interrupt(rig_.cpu(i));
        EXPECT_TRUE(holds(rig_.cpu(i).console.mailbox.take(), Mail::Flush));
        rig_.play(0);
    }
    EXPECT_EQ(call(VMNIX_HC_SCRUB).error, 0u);
    EXPECT_EQ(bytes(spare(0))[5], std::byte{0});
}

// A CPU that has heard of the first change has not of the second.
TEST_F(MemoryOfManyTest, EachPieceIsFlushed) {
    ASSERT_EQ(call(VMNIX_HC_GIVE, spare(0)).error, 0u);
    hear_kicks();
    ASSERT_EQ(call(VMNIX_HC_GIVE, spare(1)).error, 0u);
    expect_error(call(VMNIX_HC_SCRUB), VMNIX_HC_EBUSY); // the first may be cleared; that is not looked at
    hear_kicks();
    EXPECT_EQ(call(VMNIX_HC_SCRUB).error, 0u);
    EXPECT_EQ(call(VMNIX_HC_SCRUB).error, 0u);
    EXPECT_EQ(pieces().pieces(Owner::Free), 2u);
}

// Memory types of the returned piece are the machine's, wherever their borders lie by then.
TEST_F(MemoryTest, ReturnedPiecesFollowTheMtrrs) {
    supply(1);
    auto &msrs = rig_.hardware().msrs;
    msrs[x86::msr::MtrrPhysBase0] = spare(0) + 0x10000; // 64 KiB uncacheable
    msrs[x86::msr::MtrrPhysBase0 + 1] = (0xff'ffff'ffff & ~0xffffull) | 1 << 11;
    EXPECT_EQ(call(VMNIX_HC_TAKE).rdi, spare(0));
    EXPECT_TRUE(is_consoles(spare(0)));
    EXPECT_EQ(walk(spare(0))->page, kPageSize);
    EXPECT_TRUE(is_consoles(spare(1)));
}

// Without frames for the tables nothing changes, and the console hears why.
TEST_F(MemoryTest, NoFramesForTheTables) {
    while (g_vmm.frames.allocate())
        ;
    expect_error(call(VMNIX_HC_GIVE, spare(0)), VMNIX_HC_ENOMEM);
    EXPECT_TRUE(is_consoles(spare(0)));
    EXPECT_EQ(pieces().pieces(Owner::Dirty), 0u);
}

// Pieces become frames when they are needed, and come back when nobody uses them and there is no VM.
TEST_F(MemoryTest, FramesOutOfPieces) {
    supply(3);
    const std::uint64_t available = g_vmm.frames.available(), used = g_vmm.frames.used();
    ASSERT_TRUE(refill_frames(available + 1));
    EXPECT_EQ(pieces().pieces(Owner::Frames), 1u);
    EXPECT_EQ(g_vmm.frames.available(), available + 512);
    ASSERT_TRUE(refill_frames(available + 512)); // there are so many
    EXPECT_EQ(pieces().pieces(Owner::Frames), 1u);
    const Hpa frame = *g_vmm.frames.allocate();
    EXPECT_EQ(refill_frames(available + 3 * 512).error(), Errc::NoMemory);
    EXPECT_EQ(pieces().pieces(Owner::Frames), 3u);
    expect_error(call(VMNIX_HC_TAKE), VMNIX_HC_ENOENT); // two of them are dirty now
    EXPECT_EQ(pieces().pieces(Owner::Frames), 1u);
    EXPECT_EQ(pieces().pieces(Owner::Dirty), 2u);
    g_vmm.frames.release(frame);
    g_vmm.vm_count = 1;
    expect_error(call(VMNIX_HC_TAKE), VMNIX_HC_ENOENT);
    EXPECT_EQ(pieces().pieces(Owner::Frames), 1u); // the next VM needs them
    g_vmm.vm_count = 0;
    expect_error(call(VMNIX_HC_TAKE), VMNIX_HC_ENOENT);
    EXPECT_EQ(pieces().pieces(Owner::Dirty), 3u);
    EXPECT_EQ(g_vmm.frames.available(), available);
    EXPECT_EQ(g_vmm.frames.used(), used);
    for (unsigned n = 0; n < 3; n++)
        EXPECT_EQ(call(VMNIX_HC_SCRUB).error, 0u);
    for (unsigned n = 0; n < 3; n++)
        EXPECT_EQ(call(VMNIX_HC_TAKE).error, 0u);
    for (unsigned n = 0; n < 3; n++)
        EXPECT_TRUE(is_consoles(spare(n)));
}

TEST_F(MemoryTest, Info) {
    vmnix_memory_info info = memory();
    EXPECT_EQ(info.size, sizeof(info));
    EXPECT_EQ(info.given + info.free + info.dirty + info.ram + info.frames, 0u);
    EXPECT_EQ(info.frames_used, g_vmm.frames.used() * kPageSize);
    ASSERT_EQ(call(VMNIX_HC_GIVE, spare(0)).error, 0u);
    ASSERT_EQ(call(VMNIX_HC_GIVE, spare(1)).error, 0u);
    ASSERT_EQ(call(VMNIX_HC_GIVE, spare(2)).error, 0u);
    ASSERT_EQ(call(VMNIX_HC_SCRUB).error, 0u);
    ASSERT_EQ(call(VMNIX_HC_SCRUB).error, 0u);
    ASSERT_TRUE(refill_frames(g_vmm.frames.available() + 1));
    info = memory();
    EXPECT_EQ(info.dirty, PieceMap::kSize);
    EXPECT_EQ(info.free, PieceMap::kSize);
    EXPECT_EQ(info.frames, PieceMap::kSize);
    EXPECT_EQ(info.given, 3 * PieceMap::kSize);
    EXPECT_EQ(info.vms, 0u);
    // As other calls: what an older caller does not know it does not get.
    auto &next_field = rig_.memory().at<std::uint64_t>(kArguments + 8);
    next_field = 0x7777;
    EXPECT_EQ(call(VMNIX_HC_MEMORY, kArguments, 8).rdi, 8u);
    EXPECT_EQ(next_field, 0x7777u);
    expect_error(call(VMNIX_HC_MEMORY, kArguments, 3), VMNIX_HC_EINVAL);
    expect_error(call(VMNIX_HC_MEMORY, Rig::kArena.begin.raw(), 56), VMNIX_HC_EFAULT);
    expect_error(call(VMNIX_HC_MEMORY, spare(0), 56), VMNIX_HC_EFAULT); // given away
}

} // namespace
} // namespace vmm::test
