// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/fakes/vmcs_regions.hpp"

#include "vmm/base/assert.hpp"
#include "vmm/core/physmap.hpp"
#include "vmm/x86/registers.hpp"

#include <mutex>

namespace vmm::test {
namespace {

constexpr std::uint32_t kVmxBasic = 0x480, kRevisionMask = 0x7fffffff;

std::mutex g_mutex; // of the map; a region is one CPU's as long as it is active
std::map<std::uint64_t, VmcsRegion> g_regions;

[[noreturn]] void mistake(const char *what) {
    panic(what, __FILE__, __LINE__);
}

void require(bool holds, const char *what) {
    if (!holds)
        mistake(what);
}

Hardware &in_vmx_operation() {
    Hardware &cpu = hardware();
    require(cpu.vmxon_region.has_value(), "an instruction of VMX outside of VMX operation");
    return cpu;
}

VmcsRegion &current() {
    const Hardware &cpu = in_vmx_operation();
    require(cpu.current_vmcs.has_value(), "no VMCS is current");
    return vmcs_region(Hpa(*cpu.current_vmcs));
}

bool is_whole_page(Hpa region) {
    return region.raw() % kPageSize == 0;
}

bool has_revision(Hpa region) {
    std::uint64_t basic = 0;
    require(hardware().read_msr(kVmxBasic, basic), "no VMX capabilities");
    return *at_physical<std::uint32_t>(region) == (basic & kRevisionMask);
}

// A field keeps as many bits as it has: 31.3, VMWRITE.
std::uint64_t cut(vmx::VmcsField field, std::uint64_t value) {
    using vmx::encoding::Width;
    switch (vmx::encoding::WidthField::get(static_cast<std::uint32_t>(field))) {
    case Width::Bits16:
        return value & 0xffff;
    case Width::Bits32:
        return value & 0xffffffff;
    default:
        return value;
    }
}

bool is_read_only(vmx::VmcsField field) {
    return vmx::encoding::TypeField::get(static_cast<std::uint32_t>(field)) == vmx::encoding::Type::ReadOnly;
}

} // namespace

VmcsRegion &vmcs_region(Hpa region) {
    const std::lock_guard lock(g_mutex);
    return g_regions[region.raw()];
}

void forget_vmcs_regions() {
    const std::lock_guard lock(g_mutex);
    g_regions.clear();
}

std::optional<Hpa> current_vmcs_region() {
    const Hardware &cpu = hardware();
    return cpu.current_vmcs ? std::optional(Hpa(*cpu.current_vmcs)) : std::nullopt;
}

Result<> vmxon(Hpa region) {
    Hardware &cpu = hardware();
    require(cpu.cr4 & x86::cr4::VMXE, "VMXON without CR4.VMXE");
    if (cpu.vmxon_region || !is_whole_page(region) || !has_revision(region))
        return Errc::Invalid;
    cpu.vmxon_region = region.raw();
    cpu.current_vmcs.reset();
    return {};
}

Result<> vmxoff() {
    Hardware &cpu = in_vmx_operation();
    const std::lock_guard lock(g_mutex);
    for (const auto &[address, region] : g_regions)
        require(region.active_on != &cpu, "VMXOFF while a VMCS is active");
    cpu.vmxon_region.reset();
    cpu.current_vmcs.reset();
    return {};
}

Result<> vmclear(Hpa region) {
    Hardware &cpu = in_vmx_operation();
    if (!is_whole_page(region) || region.raw() == cpu.vmxon_region)
        return Errc::Invalid;
    VmcsRegion &at = vmcs_region(region);
    require(at.active_on == nullptr || at.active_on == &cpu, "VMCLEAR of a VMCS that is active on another CPU");
    at.cleared = true;
    at.launched = false;
    at.active_on = nullptr;
    if (cpu.current_vmcs == region.raw())
        cpu.current_vmcs.reset();
    cpu.trace.push_back("vmclear " + std::to_string(region.raw()));
    return {};
}

Result<> vmptrld(Hpa region) {
    Hardware &cpu = in_vmx_operation();
    if (!is_whole_page(region) || region.raw() == cpu.vmxon_region || !has_revision(region))
        return Errc::Invalid;
    VmcsRegion &at = vmcs_region(region);
    require(at.cleared, "VMPTRLD of a region that was never cleared");
    require(at.active_on == nullptr || at.active_on == &cpu, "VMPTRLD of a VMCS that is active on another CPU");
    at.active_on = &cpu;
    cpu.current_vmcs = region.raw();
    cpu.trace.push_back("vmptrld " + std::to_string(region.raw()));
    return {};
}

Hpa vmptrst() {
    return Hpa(in_vmx_operation().current_vmcs.value_or(~0ull));
}

Result<std::uint64_t> vmread(vmx::VmcsField field) {
    const VmcsRegion &region = current();
    hardware().vmreads++;
    if (hardware().absent_fields.contains(static_cast<std::uint32_t>(field)))
        return Errc::NotPresent;
    const auto found = region.fields.find(field);
    return found == region.fields.end() ? 0 : found->second;
}

void vmwrite(vmx::VmcsField field, std::uint64_t value) {
    VmcsRegion &region = current();
    hardware().vmwrites++;
    require(!hardware().absent_fields.contains(static_cast<std::uint32_t>(field)), "VMWRITE to a field that is absent");
    require(!is_read_only(field), "VMWRITE to a field that is read-only");
    region.fields[field] = cut(field, value);
}

void set_exit_field(vmx::VmcsField field, std::uint64_t value) {
    current().fields[field] = cut(field, value);
}

void enter_current_vmcs(bool resume) {
    VmcsRegion &region = current();
    require(region.launched || !resume, "VMRESUME of a VMCS that is clear");
    require(!region.launched || resume, "VMLAUNCH of a VMCS that is launched");
    region.launched = true;
}

} // namespace vmm::test
