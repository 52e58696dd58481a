// SPDX-License-Identifier: GPL-2.0-only
#include "native_cpu.hpp"

#include <sys/mman.h>

#include <cstring>
#include <stdexcept>
#include <vector>

namespace vmm::test {
namespace {

// The mapping: code, then what the code loads and stores relative to RIP, then memory for operands.
constexpr std::size_t kPrologue = 256, kDataAt = 2048, kMemoryAt = 4096, kSize = 3 * kMemoryAt;

struct Data {
    CpuState before;
    CpuState after;
    std::uint64_t stack;
};

// Writes the code around the instruction. Every operand is RIP-relative: no register is free.
class Emitter {
  public:
    explicit Emitter(std::uint8_t *page) : page_(page) {}

    void bytes(std::span<const std::uint8_t> code) {
        std::memcpy(page_ + at_, code.data(), code.size());
        at_ += code.size();
    }

    // `opcode` with a memory operand at `offset` in the data, and `reg` in ModRM.
    void access(std::initializer_list<std::uint8_t> opcode, unsigned reg, std::size_t offset) {
        bytes(std::vector(opcode));
        const auto modrm = static_cast<std::uint8_t>((reg & 7) << 3 | 5);
        bytes({&modrm, 1});
        const auto distance = static_cast<std::int32_t>(kDataAt + offset - (at_ + 4));
        bytes({reinterpret_cast<const std::uint8_t *>(&distance), 4}); // bytes of an object
    }

    void move(bool load, unsigned reg, std::size_t offset) {
        const auto rex = static_cast<std::uint8_t>(reg < 8 ? 0x48 : 0x4c);
        access({rex, static_cast<std::uint8_t>(load ? 0x8b : 0x89)}, reg, offset);
    }

    void move_all(bool load, std::size_t offset) {
        for (unsigned reg = 0; reg < 16; ++reg)
            move(load, reg, offset + reg * sizeof(std::uint64_t));
    }

    void pad_to(std::size_t offset) {
        while (at_ < offset)
            page_[at_++] = 0x90; // NOP
    }

  private:
    std::uint8_t *page_;
    std::size_t at_ = 0;
};

constexpr unsigned kStackPointer = 4;
constexpr std::array<std::uint8_t, 10> kPush{0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57};
constexpr std::array<std::uint8_t, 10> kPop{0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b};
constexpr std::uint8_t kPushFlags = 0x9c, kPopFlags = 0x9d, kClearDirection = 0xfc, kReturn = 0xc3;

} // namespace

NativeCpu::NativeCpu()
    : page_(static_cast<std::uint8_t *>(
          mmap(nullptr, kSize, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0))) {
    if (page_ == MAP_FAILED)
        throw std::runtime_error("no executable memory below 4 GiB");
}

NativeCpu::~NativeCpu() {
    munmap(page_, kSize);
}

std::span<std::uint8_t> NativeCpu::memory() const {
    return {page_ + kMemoryAt, kSize - kMemoryAt};
}

std::uint64_t NativeCpu::instruction_address() const {
    return reinterpret_cast<std::uint64_t>(page_) + kPrologue; // an address as a number
}

CpuState NativeCpu::run(std::span<const std::uint8_t> instruction, const CpuState &before) {
    Emitter code(page_);
    code.bytes(kPush);
    code.move(false, kStackPointer, offsetof(Data, stack));
    code.access({0xff}, 6, offsetof(Data, before.flags)); // push
    code.bytes({&kPopFlags, 1});
    code.move_all(true, offsetof(Data, before.registers));
    code.pad_to(kPrologue);
    code.bytes(instruction);
    code.move_all(false, offsetof(Data, after.registers));
    code.move(true, kStackPointer, offsetof(Data, stack));
    code.bytes({&kPushFlags, 1});
    code.access({0x8f}, 0, offsetof(Data, after.flags)); // pop
    code.bytes({&kClearDirection, 1});
    code.bytes(kPop);
    code.bytes({&kReturn, 1});

    Data data{.before = before, .after = {}, .stack = 0};
    std::memcpy(page_ + kDataAt, &data, sizeof data);
    reinterpret_cast<void (*)()>(page_)(); // the code above, which keeps what the ABI wants kept
    std::memcpy(&data, page_ + kDataAt, sizeof data);
    return data.after;
}

} // namespace vmm::test
