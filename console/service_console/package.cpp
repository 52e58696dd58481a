// SPDX-License-Identifier: GPL-2.0-only
#include "console/service_console/package.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "console/base/failure.hpp"
#include "console/boot/boot_state.hpp"
#include "console/boot/linux_kernel.hpp"
#include "console/service_console/loader_binary.hpp"
#include "console/service_console/package_files.hpp"
#include "console/service_console/package_layout.hpp"
#include "console/service_console/restart_zero_page.hpp"
#include "console/text/units.hpp"

namespace console {

namespace {

namespace layout = package_layout;

constexpr std::uint64_t lowest_room = 16ull << 20; // below it lies what is for devices of old
// What a kernel wants below 4 GiB soon after its start; kept free of VMs where that can be had.
constexpr std::uint64_t working_memory = 96ull << 20;

std::uint64_t round_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

// Within the room: the kernel at its begin, the initrd behind what the kernel takes to unpack itself.
struct Plan {
    std::uint64_t room = 0, room_bytes = 0;
    std::uint64_t kernel = 0;
    std::uint64_t initrd = 0;
};

LinuxKernel parse_kernel(const BootFile &file) {
    const FileView view(file.name, file.bytes);
    if (!LinuxKernel::recognise(view))
        view.refuse("it is no Linux kernel of the form bzImage", "give a file such as /boot/vmlinuz-$(uname -r)");
    return LinuxKernel::parse(view);
}

[[noreturn]] void refuse_room(const LinuxKernel &kernel, std::uint64_t bytes, std::span<const FirmwareRange> map) {
    const RoomWish empty{lowest_room, kernel.initrd_end, bytes, VMNIX_PIECE_SIZE, true};
    if (!find_room(empty, map, {}))
        throw Failure(ExitCode::Refused,
                      fmt::format("kernel and initrd take {} in one piece below {}, which this machine does not have",
                                  byte_size(bytes), byte_size(kernel.initrd_end)),
                      "give a smaller initrd");
    throw Failure(ExitCode::Refused,
                  fmt::format("there is no room of {} below {} for kernel and initrd: VMs lie there", byte_size(bytes),
                              byte_size(kernel.initrd_end)),
                  "register the package before VMs are started, or remove some");
}

Plan make_plan(const LinuxKernel &kernel, std::uint64_t initrd_size, std::span<const FirmwareRange> map,
               std::span<const MemoryPiece> taken) {
    const std::uint64_t from = std::max(kernel.area_begin, kernel.relocatable ? lowest_room : 0);
    const std::uint64_t begin = from / VMNIX_PIECE_SIZE * VMNIX_PIECE_SIZE;
    const std::uint64_t kernel_end = kernel.area_end - (kernel.relocatable ? kernel.area_begin : begin);
    const std::uint64_t initrd_at = round_up(kernel_end, layout::page);
    const std::uint64_t least = round_up(initrd_at + initrd_size, VMNIX_PIECE_SIZE);
    RoomWish wish{begin, std::min<std::uint64_t>(kernel.initrd_end, 4ull << 30), 0,
                  std::max<std::uint64_t>(VMNIX_PIECE_SIZE, kernel.alignment), kernel.relocatable};
    for (const std::uint64_t bytes : {least + working_memory, least}) {
        wish.bytes = bytes;
        if (const auto room = find_room(wish, map, taken))
            return {*room, bytes, kernel.relocatable ? *room : kernel.load_address, *room + initrd_at};
    }
    refuse_room(kernel, least, map);
}

void check_low_memory(std::span<const FirmwareRange> map) {
    const bool there = std::ranges::any_of(map, [](const FirmwareRange &range) {
        return range.ram() && range.base <= layout::loader && layout::end <= range.end();
    });
    if (!there)
        throw Failure(ExitCode::Failure,
                      fmt::format("{:#x} to {:#x} is no RAM: the loader lies there", layout::loader, layout::end),
                      "on this machine a service console cannot be restarted");
}

void check_command_line(const PackageFiles &files, const LinuxKernel &kernel) {
    const std::uint64_t most = std::min(kernel.command_line_max, layout::page - 1);
    if (files.command_line.size() > most)
        throw Failure(ExitCode::Failure,
                      fmt::format("the command line has {} characters, {} takes {}", files.command_line.size(),
                                  files.kernel.name, most),
                      "give a shorter one with --append");
}

// Pages follow one another in the package as its segments do.
class Packer {
  public:
    explicit Packer(vmnix_package &header) : header_(header) {}

    void add(std::uint64_t to, std::span<const std::byte> content) {
        if (content.empty())
            return;
        const std::uint64_t offset = writer_.size();
        writer_.bytes(content).align(layout::page);
        header_.segment[header_.segment_count++] = {to, offset, writer_.size() - offset};
    }
    Bytes take() { return writer_.take(); }

  private:
    vmnix_package &header_;
    ByteWriter writer_;
};

Bytes low_segment(const Bytes &zero_page, const std::string &command_line) {
    Bytes low(layout::low_end - layout::loader);
    const auto put = [&](std::uint64_t at, std::span<const std::byte> bytes) {
        std::ranges::copy(bytes, std::span(low).subspan(at - layout::loader, bytes.size()).begin());
    };
    put(layout::loader, loader_binary());
    put(layout::descriptors, std::as_bytes(std::span(boot_gdt)));
    put(layout::zero_page, zero_page);
    put(layout::command_line, std::as_bytes(std::span(command_line)));
    return low;
}

vmnix_boot_state loader_state() {
    VcpuState state = flat_protected_mode(layout::loader, layout::descriptors);
    state[Gpr::Rsi] = layout::zero_page;
    state[Gpr::Rdi] = layout::map;
    state[Gpr::Rbx] = layout::nodes;
    state[Gpr::Rsp] = layout::stack_end;
    return boot_state(state);
}

void finish(Package &package, const Plan &plan, const std::string &text) {
    vmnix_package &header = package.header;
    header.size = sizeof header;
    header.bytes = package.bytes.size();
    header.checksum = vmnix_checksum(VMNIX_CHECKSUM_BEGIN, package.bytes.data(), package.bytes.size());
    header.room_base = plan.room;
    header.room_bytes = plan.room_bytes;
    header.map_at = layout::map;
    header.map_bytes = layout::map_bytes;
    text.copy(header.text, sizeof header.text - 1);
    header.state = loader_state();
    if (header.bytes > VMNIX_PACKAGE_MOST)
        throw Failure(ExitCode::Refused,
                      fmt::format("kernel and initrd have {}, a package takes {}", byte_size(header.bytes),
                                  byte_size(VMNIX_PACKAGE_MOST)),
                      "give a smaller initrd");
}

} // namespace

Package build_package(const std::filesystem::path &root, const PackageWish &wish, std::span<const MemoryPiece> taken) {
    const PackageFiles files = read_package_files(root, wish);
    const LinuxKernel kernel = parse_kernel(files.kernel);
    check_command_line(files, kernel);
    const std::vector<FirmwareRange> map = read_firmware_map(root);
    check_low_memory(map);
    const std::span<const std::byte> initrd =
        files.initrd ? std::span<const std::byte>(files.initrd->bytes) : std::span<const std::byte>();
    const Plan plan = make_plan(kernel, initrd.size(), map, taken);

    ZeroPageFacts facts;
    const Bytes running = read_zero_page(root);
    facts.running = running;
    facts.rsdp = read_rsdp(root, running);
    facts.map = map;
    facts.kernel = plan.kernel;
    facts.command_line = layout::command_line;
    facts.initrd = initrd.empty() ? 0 : plan.initrd;
    facts.initrd_size = initrd.size();

    Package package{{}, {}, kernel.release};
    Packer packer(package.header);
    packer.add(layout::loader, low_segment(restart_zero_page(kernel, facts), files.command_line));
    packer.add(plan.kernel, kernel.protected_mode);
    packer.add(plan.initrd, initrd);
    package.bytes = packer.take();
    finish(package, plan, package_text(files, kernel.release));
    return package;
}

} // namespace console
