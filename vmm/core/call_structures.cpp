// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/call_structures.hpp"

namespace vmm {

HypercallResult call_failure(Errc error) {
    switch (error) {
    case Errc::Invalid:
    case Errc::Unsupported:
        return {.error = VMNIX_HC_EINVAL};
    case Errc::NotFound:
        return {.error = VMNIX_HC_ENOENT};
    case Errc::NotPresent:
        return {.error = VMNIX_HC_EFAULT};
    case Errc::NoMemory:
        return {.error = VMNIX_HC_ENOMEM};
    case Errc::Exists:
        return {.error = VMNIX_HC_EEXIST};
    case Errc::OutOfRange:
        return {.error = VMNIX_HC_ENOSPC};
    case Errc::TimedOut:
        return {.error = VMNIX_HC_EAGAIN};
    default:
        return {.error = VMNIX_HC_EBUSY};
    }
}

Result<std::uint8_t *> console_bytes(std::uint64_t address, std::uint64_t bytes) {
    const Gpa at(address);
    if (bytes == 0 || bytes > kPageSize - at.page_offset())
        return Errc::Invalid;
    auto *from = reinterpret_cast<std::uint8_t *>(g_vmm.ram.at(at)); // plain bytes
    return from ? Result<std::uint8_t *>(from) : Result<std::uint8_t *>(Errc::NotPresent);
}

} // namespace vmm
