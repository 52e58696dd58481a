// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/fakes/physical_memory.hpp"

#include "vmm/base/assert.hpp"
#include "vmm/core/address_map.hpp"

#include <sys/mman.h>

namespace vmm::test {
namespace {

void *pointer(std::uint64_t va) {
    return reinterpret_cast<void *>(va); // reserved below
}

void reserve(std::uint64_t va, std::uint64_t size, int protection) {
    void *const mapped =
        mmap(pointer(va), size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    VMM_ASSERT(mapped == pointer(va)); // nobody else lives there
}

void protect(std::uint64_t address, std::uint64_t size, int protection) {
    VMM_ASSERT((address | size) % kPageSize == 0 && address + size <= PhysicalMemory::kReserved);
    VMM_ASSERT(mprotect(pointer(kPhysmapVa + address), size, protection) == 0);
}

} // namespace

PhysicalMemory::PhysicalMemory() {
    reserve(kPhysmapVa, kReserved, PROT_NONE);
}

PhysicalMemory::~PhysicalMemory() {
    munmap(pointer(kPhysmapVa), kReserved);
}

void PhysicalMemory::add(std::uint64_t address, std::uint64_t size) {
    protect(address, size, PROT_READ | PROT_WRITE);
}

void PhysicalMemory::forbid(std::uint64_t address, std::uint64_t size) {
    protect(address, size, PROT_NONE);
}

void PhysicalMemory::permit(std::uint64_t address, std::uint64_t size) {
    protect(address, size, PROT_READ | PROT_WRITE);
}

std::span<std::byte> PhysicalMemory::bytes(std::uint64_t address, std::uint64_t size) const {
    return {static_cast<std::byte *>(pointer(kPhysmapVa + address)), size};
}

FixedPage::FixedPage(std::uint64_t va, std::uint64_t size) : va_(va), size_(size) {
    reserve(va, size, PROT_READ | PROT_WRITE);
}

FixedPage::~FixedPage() {
    munmap(pointer(va_), size_);
}

} // namespace vmm::test
