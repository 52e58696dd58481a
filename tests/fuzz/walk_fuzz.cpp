// SPDX-License-Identifier: GPL-2.0-only
// Guest memory under any tables: translations agree with a slow reference, only RAM is read and written, and a write is
// all or nothing. Every page of RAM is an allocation of its own, so that one byte beside it ends the run.
#include "tests/unit/mm/reference_walk.hpp"
#include "tests/unit/mm/sparse_ram.hpp"
#include "vmm/mm/guest_memory.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using namespace vmm;
using namespace vmm::test;

constexpr std::uint64_t kPages[] = {0x0, 0x1000, 0x2000, 0x3000, 0x4000, 0x5000, 0x7000, 0xf'ffff'ffff'f000};
constexpr std::uint8_t kUntouched = 0xa5;

[[noreturn]] void fail(const char *what) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

template <class T> T take(const std::uint8_t *&data, std::size_t &size) {
    T value{};
    const std::size_t bytes = size < sizeof value ? size : sizeof value;
    if (bytes != 0)
        std::memcpy(&value, data, bytes);
    data += bytes;
    size -= bytes;
    return value;
}

struct Entry {
    std::uint16_t at; // page and slot
    std::uint64_t value;
};

void check_fetch(const SparseRam &ram, const Paging &paging, const ReferenceWalk &reference, std::uint64_t va) {
    std::byte bytes[16];
    const auto count = GuestMemory(ram).fetch(paging, Gva(va), bytes, sizeof(bytes));
    unsigned expected = 0;
    for (; expected < sizeof(bytes); expected++) {
        const std::byte *at = ram.at(reference(ram, va + expected));
        if (!at)
            break;
        if (count && expected < *count && bytes[expected] != *at)
            fail("fetched something else");
    }
    if (count ? *count != expected : expected != 0)
        fail("fetched more or less than is there");
}

void check_write(SparseRam &ram, std::uint64_t address, std::uint64_t size) {
    for (std::uint64_t page : kPages)
        ram.add(page).fill(std::byte{kUntouched});
    const std::vector<std::uint8_t> bytes(size, 0x11);
    const auto written = GuestMemory(std::as_const(ram)).write(Gpa(address), bytes.data(), size);
    std::uint64_t changed = 0;
    for (std::uint64_t page : kPages)
        for (std::byte byte : ram.add(page))
            changed += byte != std::byte{kUntouched};
    if (changed != (written ? size : 0))
        fail("a write was done in part");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    SparseRam ram;
    for (std::uint64_t page : kPages)
        ram.add(page);
    const auto paging = take<Paging>(data, size);
    const auto va = take<std::uint64_t>(data, size), address = take<std::uint64_t>(data, size);
    const auto bytes = take<std::uint16_t>(data, size) % (3 * kPageSize);
    while (size != 0) {
        const Entry entry{take<std::uint16_t>(data, size), take<std::uint64_t>(data, size)};
        ram.put(kPages[entry.at >> 9 & 7] + 8 * (entry.at & 511), entry.value);
    }
    const ReferenceWalk reference(paging);
    if (translate(ram, paging, Gva(va)) != reference(ram, va))
        fail("another translation than the reference's");
    check_fetch(ram, paging, reference, va);
    check_write(ram, address, bytes);
    return 0;
}
