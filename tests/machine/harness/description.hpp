// SPDX-License-Identifier: GPL-2.0-only
// What a test machine is made of. Plain data: tests keep tables of these.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace harness {

// A network card joined to another machine by a socket file; one side listens.
struct Nic {
    std::string socket;
    bool listens = false;
    std::string model = "e1000";
    unsigned slot = 0x10; // on the root bus; q35 lets slots that are equal modulo 4 share an interrupt line
};

// What Bochs emulates best: Intel VT-x, and AMD SVM.
inline constexpr const char *kHaswell = "corei7_haswell_4770", *kRyzen = "ryzen";

struct Description {
    std::string kernel = "6.12";
    std::string bochs; // a CPU model of Bochs, which then emulates the machine: kHaswell, kRyzen; QEMU does otherwise
    unsigned cpus = 2;
    bool la57 = true;
    bool x2apic = false;
    unsigned memory_mib = 1024;
    std::vector<std::string> without; // CPU features that it lacks
    std::string append;               // more kernel parameters
    std::string archive;   // "kexec": with a kernel and an archive in /boot; "guests": with VMs' kernels there;
                           // "others": with an ELF kernel and memtest86+ there;
                           // "move": with a newer kernel and its archive there; "known-length": see tests/bench
    std::vector<Nic> nics; // none unless a test wants one
    std::vector<std::string> emulator; // more arguments of the emulator
    // A power of two: clocks count instructions of so many ns, and the CPUs take turns. 0: they are the host's.
    unsigned ns_per_instruction = 0;
    bool keeps_crashed = false; // a reset ends the machine instead of booting it again
    bool one_thread = false;    // for load on several CPUs: see docs/decisions/0017
    bool shares_places = false; // the test holds the right to run it, see Places

    std::string name() const;
    // The description as a libvirt domain, for QEMU; `serial_log` is written by the emulator.
    std::string domain_xml(const std::string &title, const std::string &initrd, const std::string &serial_log) const;
};

std::ostream &operator<<(std::ostream &out, const Description &description);

} // namespace harness
