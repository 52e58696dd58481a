// SPDX-License-Identifier: GPL-2.0-only
// In hosted tests: VMCSs are those of tests/unit/fakes/vmcs_regions.hpp; what flushes leaves a trace in Hardware.
#pragma once

#include "tests/unit/fakes/vmcs_regions.hpp"
#include "vmm/base/assert.hpp"

namespace vmm::vmx {

using test::vmclear;
using test::vmptrld;
using test::vmptrst;
using test::vmwrite;
using test::vmxoff;
using test::vmxon;

inline Result<std::uint64_t> vmread_safe(VmcsField field) {
    return test::vmread(field);
}
inline std::uint64_t vmread(VmcsField field) {
    const Result<std::uint64_t> value = test::vmread(field);
    VMM_ASSERT(value);
    return *value;
}

enum class InveptType : std::uint64_t { SingleContext = 1, AllContexts = 2 };
enum class InvvpidType : std::uint64_t {
    IndividualAddress = 0,
    SingleContext = 1,
    AllContexts = 2,
    SingleContextRetainingGlobals = 3,
};

inline Result<> invept(InveptType type, std::uint64_t ept_pointer) {
    test::hardware().trace.push_back("invept " + std::to_string(static_cast<unsigned>(type)) + " " +
                                     std::to_string(ept_pointer));
    return {};
}
// VPID 0 is the host's own and refused, save where the VPID does not matter: SDM vol. 3, 31.3.
inline Result<> invvpid(InvvpidType type, std::uint16_t vpid, std::uint64_t) {
    if (type != InvvpidType::AllContexts && vpid == 0)
        return Errc::Invalid;
    test::hardware().trace.push_back("invvpid " + std::to_string(static_cast<unsigned>(type)) + " " +
                                     std::to_string(vpid));
    return {};
}

inline void acknowledge_window() {
    test::hardware().trace.emplace_back("acknowledge_window");
    test::hardware().on_window();
}
inline void acknowledge_wait() {
    test::hardware().trace.emplace_back("acknowledge_wait");
    test::hardware().on_wait();
}
inline void nmi_again() {
    test::hardware().trace.emplace_back("nmi_again");
}

} // namespace vmm::vmx
