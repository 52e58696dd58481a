// SPDX-License-Identifier: GPL-2.0-only
// The part of the device that is about the service console itself.
#include <algorithm>

#include "console/device/file_device.hpp"

namespace console {

namespace {

constexpr std::uint32_t log_room = 64 * 1024;

} // namespace

vmnix_console_info FileDevice::console_info() {
    vmnix_console_info info{};
    info.size = sizeof info;
    must(VMNIX_IOC_CONSOLE_INFO, &info, "the service console's record");
    return info;
}

VmAnswer FileDevice::set_console(const vmnix_console_policy &policy) {
    vmnix_console_policy set = policy;
    set.size = sizeof set;
    return ask(VMNIX_IOC_CONSOLE_SET, &set, "the answer to a policy");
}

VmAnswer FileDevice::load_package(vmnix_package_load &load) {
    return ask(VMNIX_IOC_PACKAGE_LOAD, &load, "the answer to a package");
}

VmAnswer FileDevice::drop_package() {
    return ask(VMNIX_IOC_PACKAGE_DROP, nullptr, "the answer to dropping the package");
}

VmAnswer FileDevice::order_console(const vmnix_console_order &order) {
    vmnix_console_order copy = order;
    return ask(VMNIX_IOC_CONSOLE_ORDER, &copy, "the answer to a restart");
}

ConsolePiece FileDevice::read_console_log(std::uint64_t position) {
    std::string bytes(log_room, '\0');
    vmnix_console_log piece{log_room, 0, position, reinterpret_cast<std::uintptr_t>(bytes.data())};
    must(VMNIX_IOC_CONSOLE_LOG, &piece, "the service console's messages");
    bytes.resize(std::min<std::size_t>(piece.bytes, bytes.size()));
    return {piece.position, std::move(bytes)};
}

void FileDevice::beat(std::uint32_t milliseconds) {
    vmnix_beat beat{milliseconds, 0};
    must(VMNIX_IOC_CONSOLE_BEAT, &beat, "the answer to a heartbeat");
}

std::optional<MemoryPiece> FileDevice::next_piece(std::uint64_t from) {
    vmnix_pieces_query piece{from, 0};
    if (ask(VMNIX_IOC_PIECES, &piece, "the VMM's memory") != VmAnswer::Ok)
        return std::nullopt;
    return MemoryPiece{piece.base, piece.size};
}

} // namespace console
