// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/suites/arena.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>

namespace suites {

namespace {

constexpr std::uint64_t kPage = 4096;

} // namespace

Arena::Arena(Console &console) : Arena(console, console.info()["arena_base"], console.info()["arena_size"]) {}

Arena::Arena(Console &console, std::uint64_t base, std::uint64_t size) : base_(base), bytes_(size) {
    console.pause();
    const auto file = console.save_memory(base, size);
    console.resume();
    std::ifstream(file, std::ios::binary)
        .read(reinterpret_cast<char *>(bytes_.data()), static_cast<std::streamsize>(size));
    std::filesystem::remove(file);
}

std::span<const std::uint64_t> Arena::page(std::uint64_t physical) const {
    if (!contains(physical) || physical % kPage)
        throw std::runtime_error(fmt::format("{:#x} is no page of the arena", physical));
    return {&at<std::uint64_t>(physical), kPage / 8};
}

const vmnix_handover &Arena::handover() const {
    for (std::uint64_t page = base_; page < base_ + size(); page += kPage) {
        const auto &candidate = at<vmnix_handover>(page);
        if (candidate.size == sizeof(vmnix_handover) && candidate.arena_base == base_ && candidate.arena_size == size())
            return candidate;
    }
    throw std::runtime_error("no hand-over structure in the arena");
}

const vmnix_handover_cpu &Arena::cpu(unsigned index) const {
    return at<vmnix_handover_cpu>(handover().cpus + index * kPage);
}

std::vector<const vmm::svm::Vmcb *> Arena::control_blocks() const {
    constexpr std::uint64_t kNestedPaging = 1, kSvme = 1 << 12, kLongMode = 1 << 10;
    std::vector<const vmm::svm::Vmcb *> found;
    for (std::uint64_t page = base_; page < base_ + size(); page += kPage) {
        const auto &block = at<vmm::svm::Vmcb>(page);
        if (block.control.nested_control == kNestedPaging && block.control.n_cr3 % kPage == 0 &&
            contains(block.control.n_cr3) && block.control.asid != 0 &&
            (block.save.efer & (kSvme | kLongMode)) == (kSvme | kLongMode))
            found.push_back(&block);
    }
    return found;
}

std::vector<Leaf> Arena::leaves(std::uint64_t root, unsigned levels) const {
    std::vector<Leaf> out;
    walk(root & vmm::HostFormat::kFrame, levels, true, {.write = true, .execute = true, .user = true}, out);
    return out;
}

void Arena::walk(std::uint64_t table, unsigned level, bool is_root, Leaf above, std::vector<Leaf> &out) const {
    using Format = vmm::HostFormat; // nested entries differ only in what they set
    const auto entries = page(table);
    const unsigned shift = 12 + 9 * (level - 1);
    for (std::uint64_t i = 0; i < entries.size(); ++i) {
        const std::uint64_t entry = entries[i];
        if (!Format::present(entry))
            continue;
        Leaf here = above;
        here.write &= Format::rights(entry).write;
        here.execute &= Format::rights(entry).execute;
        here.user &= (entry & Format::UserBit) != 0;
        here.va = above.va | i << shift;
        if (is_root && i >= entries.size() / 2)
            here.va |= ~0ull << (shift + 9); // the upper half of the canonical addresses
        if (level >= 4 || !Format::is_leaf(entry, level)) {
            walk(entry & Format::kFrame, level - 1, false, here, out);
            continue;
        }
        here.pa = Format::frame(entry, level).raw();
        here.size = 1ull << shift;
        here.type = Format::type(entry, level);
        out.push_back(here);
    }
}

} // namespace suites
