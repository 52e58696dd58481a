// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/harness/description.hpp"

#include "tests/machine/harness/paths.hpp"

#include <bit>
#include <fmt/format.h>

namespace harness {
namespace {

std::string escape(const std::string &text) {
    std::string out;
    for (char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '\'':
            out += "&apos;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

std::vector<std::string> emulator_arguments(const Description &machine) {
    std::vector<std::string> arguments = machine.emulator;
    auto add = [&](std::string option, std::string value) {
        arguments.push_back(std::move(option));
        arguments.push_back(std::move(value));
    };
    // Plain -device, unlike the JSON form below, is created before libvirt's devices: an IOMMU has to be.
    if (machine.x2apic)
        add("-device", "intel-iommu,intremap=on,eim=on");
    // Equal runs count equally: no wall clock, no random seeds that differ.
    if (machine.ns_per_instruction) {
        add("-icount", fmt::format("shift={},sleep=off", std::countr_zero(machine.ns_per_instruction)));
        add("-rtc", "base=2026-01-01,clock=vm");
        add("-seed", "42");
    }
    for (unsigned i = 0; i < machine.nics.size(); ++i) {
        const Nic &nic = machine.nics[i];
        add("-netdev", fmt::format("stream,id=link{},server={},addr.type=unix,addr.path={}", i,
                                   nic.listens ? "on" : "off", nic.socket));
        add("-device",
            fmt::format(
                R"({{"driver":"{}","netdev":"link{}","bus":"pcie.0","addr":"{:#x}","mac":"52:54:00:00:{:02x}:{:02x}"}})",
                nic.model, i, nic.slot, nic.listens ? 1 : 2, i));
    }
    return arguments;
}

std::string missing_features(const Description &machine) {
    std::string out = machine.la57 ? "" : "<feature policy='disable' name='la57'/>";
    for (const std::string &feature : machine.without)
        out += fmt::format("<feature policy='disable' name='{}'/>", feature);
    return out;
}

std::string emulator_xml(const Description &machine) {
    std::string out;
    for (const std::string &argument : emulator_arguments(machine))
        out += fmt::format("<qemu:arg value='{}'/>", escape(argument));
    return out.empty() ? out : "<qemu:commandline>" + out + "</qemu:commandline>";
}

} // namespace

std::string Description::name() const {
    if (!bochs.empty())
        return fmt::format("linux{}.{}.cpus{}.{}", kernel[0], kernel.substr(2), cpus, bochs);
    return fmt::format("linux{}.{}.cpus{}.{}.{}.{}gib", kernel[0], kernel.substr(2), cpus, la57 ? "la57" : "la48",
                       x2apic ? "x2apic" : "xapic", memory_mib / 1024);
}

std::string Description::domain_xml(const std::string &title, const std::string &initrd,
                                    const std::string &serial_log) const {
    return fmt::format(
        R"(<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
<name>{title}</name><memory unit='MiB'>{memory}</memory><vcpu>{cpus}</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type>
<kernel>{kernel}</kernel><initrd>{initrd}</initrd><cmdline>console=ttyS0 quiet {append}</cmdline></os>
<features><acpi/><apic/></features>
<cpu mode='maximum'>{missing}</cpu>
<on_poweroff>destroy</on_poweroff><on_reboot>{on_reboot}</on_reboot><on_crash>preserve</on_crash>
<devices><emulator>{emulator}</emulator><controller type='usb' model='none'/><memballoon model='none'/>
<serial type='pty'><log file='{log}' append='off'/><target port='0'/></serial></devices>
<seclabel type='none'/>{arguments}</domain>)",
        fmt::arg("title", title), fmt::arg("memory", memory_mib), fmt::arg("cpus", cpus),
        fmt::arg("kernel", escape(paths::kernel(kernel))), fmt::arg("initrd", escape(initrd)),
        fmt::arg("append", escape(append)), fmt::arg("missing", missing_features(*this)),
        fmt::arg("on_reboot", keeps_crashed ? "destroy" : "restart"),
        fmt::arg("emulator", escape(one_thread ? paths::emulator_with_one_thread() : paths::emulator())),
        fmt::arg("log", escape(serial_log)), fmt::arg("arguments", emulator_xml(*this)));
}

std::ostream &operator<<(std::ostream &out, const Description &description) {
    return out << description.name();
}

} // namespace harness
