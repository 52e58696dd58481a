// SPDX-License-Identifier: GPL-2.0-only
// The entry oracle of VT-x on sound states with any fields changed: what it accepts is a state that the architecture
// knows, and it judges by nothing that an entry does not look at.
#include "tests/unit/vmx/recorded_cpus.hpp"
#include "tests/unit/vmx/sound_vmcs.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using namespace vmm;
using namespace vmm::vmx;

void require(bool holds, const char *what) {
    if (!holds) {
        std::fprintf(stderr, "%s\n", what);
        std::abort();
    }
}

// One change of one field: its number among all, and what is toggled in it.
struct Change {
    std::uint8_t field;
    std::uint64_t toggled;
};
constexpr std::size_t kWords = sizeof(Vmcs) / sizeof(std::uint64_t);

Vmcs changed(const std::uint8_t *data, std::size_t size, const Capabilities &capabilities) {
    static void (*const kStates[])(Vmcs &) = {[](Vmcs &) {}, test::set_real_mode, test::set_protected_mode,
                                              test::set_pae_paging, test::set_virtual_8086};
    constexpr std::size_t kChangeBytes = 9;
    Vmcs v = test::sound_vmcs(capabilities);
    if (size != 0)
        kStates[data[0] % std::size(kStates)](v);
    std::uint64_t words[kWords];
    std::memcpy(words, &v, sizeof(v)); // nothing but 64-bit words
    for (std::size_t at = 1; at + kChangeBytes <= size; at += kChangeBytes) {
        Change change{data[at], 0};
        std::memcpy(&change.toggled, data + at + 1, sizeof(change.toggled));
        words[change.field % kWords] ^= change.toggled;
    }
    std::memcpy(&v, words, sizeof(v));
    return v;
}

void check_mode(const Vmcs &v) {
    const bool wide = v.entry & entry_control::Ia32eModeGuest, paging = v.cr0 & x86::cr0::PG;
    const bool protection = v.cr0 & x86::cr0::PE, virtual_8086 = v.rflags & x86::rflags::VM;
    const unsigned cpl = access_rights::Dpl::get(v[SegmentIndex::Ss].rights);
    require(!paging || protection, "paging in real mode");
    const bool lma = v.efer & x86::efer::LMA || !(v.entry & entry_control::LoadEfer); // made so by the entry: 27.3.2.1
    require(!wide || (paging && (v.cr4 & x86::cr4::PAE) && lma), "long mode in part");
    require(protection || (cpl == 0 && !virtual_8086), "real mode with a CPL");
    require(!virtual_8086 || (cpl == 3 && !wide), "virtual-8086 mode with another CPL than 3");
    require(virtual_8086 || access_rights::Dpl::get(v[SegmentIndex::Cs].rights) <= cpl, "code above its stack");
    require(v.rip >> 32 == 0 || wide, "RIP beyond 4 GiB in a mode that has no such addresses");
    require((v.cr3 | v.host_cr3) >> 40 == 0, "page tables beyond memory");
}

void check_events(const Vmcs &v) {
    using interruption::Type;
    const bool shadow = v.interruptibility & 3, injects = v.injected & interruption::Valid;
    const Type type = interruption::TypeField::get(v.injected);
    require(v.activity <= 3, "an activity that does not exist");
    require(v.activity == 0 || !shadow, "asleep in a shadow");
    require(!injects || v.activity != 3, "an event for one that waits for SIPI");
    if (injects && type == Type::ExternalInterrupt)
        require((v.rflags & x86::rflags::IF) && !shadow && v.activity <= 1, "an interrupt that cannot be taken");
    if (injects && type == Type::Nmi)
        require(interruption::Vector::get(v.injected) == 2 && !shadow, "an NMI that cannot be taken");
    if (injects && (v.injected & interruption::HasError))
        require(type == Type::HardwareException && (v.cr0 & x86::cr0::PE), "an error code that nothing pops");
}

// A CPU that can more takes what this one takes.
void check_larger_cpu(const Vmcs &v, const EntryLimits &limits) {
    EntryLimits larger = limits;
    larger.physical_bits = 52;
    larger.linear_bits = 57;
    larger.bus_locks = larger.rtm = true;
    require(!entry_fault(v, larger), "a larger CPU refuses it");
}

void check_what_does_not_matter(const Vmcs &v, const EntryLimits &limits, const char *verdict) {
    Vmcs other = v;
    other.rsp = ~v.rsp;
    other.host_rsp = ~v.host_rsp;
    other.exception_bitmap = ~v.exception_bitmap;
    if (!(v.injected & interruption::Valid))
        other.injected = ~interruption::Valid & ~v.injected;
    require(entry_fault(other, limits) == verdict, "judged by what an entry does not look at");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    static const EntryLimits limits{test::haswell().capabilities(), 40, 48, false, false};
    const Vmcs v = changed(data, size, limits.capabilities);
    const char *const verdict = entry_fault(v, limits);
    check_what_does_not_matter(v, limits, verdict);
    if (verdict)
        return 0;
    check_mode(v);
    check_events(v);
    check_larger_cpu(v, limits);
    return 0;
}
