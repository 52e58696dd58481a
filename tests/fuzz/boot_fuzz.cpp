// SPDX-License-Identifier: GPL-2.0-only
// A kernel of unknown origin for a VM of any size: it is refused with a reason, or gives an image that lies in RAM.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "console/base/failure.hpp"
#include "console/boot/boot_image.hpp"
#include "console/boot/layout.hpp"
#include "console/boot/memory_map.hpp"

using namespace console;

namespace {

void require(bool rule) {
    if (!rule)
        __builtin_trap();
}

constexpr std::uint64_t memory_sizes[] = {2 * layout::mib, 64 * layout::mib,  128 * layout::mib,
                                          layout::gib,     3 * layout::gib,   3 * layout::gib + 2 * layout::mib,
                                          8 * layout::gib, layout::memory_max};

// The first bytes of the input choose the VM, the rest is the kernel.
struct Choice {
    std::uint8_t memory, vcpus, initrd, modules;
};

BootRequest request_of(std::span<const std::byte> input) {
    Choice choice;
    std::memcpy(&choice, input.data(), sizeof choice);
    const auto kernel = input.subspan(sizeof choice);
    BootRequest request;
    request.kernel = {"kernel", Bytes(kernel.begin(), kernel.end())};
    request.memory = memory_sizes[choice.memory % std::size(memory_sizes)];
    request.vcpus = choice.vcpus % 255 + 1;
    request.command_line = std::string(choice.vcpus * 16, 'x');
    if (choice.initrd)
        request.initrd = BootFile{"initrd", Bytes(choice.initrd * 1024)};
    for (unsigned i = 0; i < choice.modules % 8u; ++i)
        request.modules.push_back({{"module", Bytes(i * 5000)}, "text"});
    return request;
}

bool usable(std::uint64_t begin, std::uint64_t end, std::uint64_t memory) {
    return std::ranges::any_of(memory_map(memory), [=](const MemoryRange &range) {
        return range.type == MemoryType::Usable && begin >= range.base && end <= range.base + range.size;
    });
}

void check_segments(const BootImage &image, std::uint64_t memory) {
    std::uint64_t end = 0;
    for (const Segment &segment : image.segments) {
        require(!segment.bytes.empty() && segment.address >= end);
        end = segment.address + segment.bytes.size();
        const bool firmware = segment.address >= layout::base_memory_end && end <= layout::first_mib_end;
        require(firmware || usable(segment.address, end, memory));
    }
    require(end <= layout::low_ram_end(memory));
}

void check_entry(const BootImage &image, std::uint64_t memory) {
    const VcpuState &entry = image.entry;
    require(usable(entry.rip, entry.rip + 1, memory) && entry.rip >= layout::bios_data_end);
    require(entry.gdtr.base && usable(entry.gdtr.base, entry.gdtr.base + sizeof(BootGdt), memory));
    const std::uint64_t data = entry[image.protocol == BootProtocol::Linux ? Gpr::Rsi : Gpr::Rbx];
    require(data && usable(data, data + 1, memory));
    require(std::ranges::any_of(image.segments, [=](const Segment &segment) { return segment.address == data; }));
}

// What an image may have at most: each of an ELF file's segments is a part of it.
std::uint64_t most_bytes(const BootRequest &request) {
    std::uint64_t size = 256 * layout::kib + 128 * request.kernel.bytes.size();
    size += request.initrd ? request.initrd->bytes.size() : 0;
    for (const BootModule &module : request.modules)
        size += module.file.bytes.size();
    return size;
}

std::uint64_t bytes_in(const BootImage &image) {
    std::uint64_t size = 0;
    for (const Segment &segment : image.segments)
        size += segment.bytes.size();
    return size;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *input, std::size_t size) {
    if (size < sizeof(Choice))
        return 0;
    BootRequest request = request_of(std::as_bytes(std::span(input, size)));
    const std::uint64_t memory = request.memory, most = most_bytes(request);
    try {
        const BootImage image = prepare_boot(std::move(request));
        check_segments(image, memory);
        check_entry(image, memory);
        require(bytes_in(image) <= most);
    } catch (const Failure &failure) {
        require(!failure.cause().empty() && !failure.remedy().empty());
    }
    return 0;
}
