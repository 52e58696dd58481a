// SPDX-License-Identifier: GPL-2.0-only
// A stock kernel from its first instruction to its init, which powers the VM off at once.
#include "tests/bench/counting_console.hpp"
#include "tests/bench/groups.hpp"

#include <fmt/format.h>

namespace bench {
namespace {

// The console reads files, waits and follows what the guest says meanwhile; the VMM's work for that is counted, too.
const std::string kBoot = R"(cat >/tmp/boot <<'END'
vmnix run --name booted --kernel /boot/guest.vmlinuz --initrd /boot/guest.cpio.gz --vcpus 1 --memory 512M \
    --append 'console=ttyS0 quiet rdinit=/sbin/poweroff -- -f' && vmnix logs --follow booted
END)";

} // namespace

std::vector<Row> measure_vm_boot() {
    Row work{.id = "vm.boot.instructions",
             .what = "VM: Debian 6.12, 512 MB, to its init: VMM's, no copying",
             .target = 10e6,
             .quoted = "KVM 396 M"};
    Row exits{.id = "vm.boot.exits",
              .what = "VM: Debian 6.12, 512 MB, to its init: exits of the VM",
              .target = 6000,
              .quoted = "KVM 10,476"};
    CountingConsole console({.cpus = 1, .memory_mib = 2048});
    console.launch();
    console.must(kBoot);
    console.must(fmt::format("{}section {} sh /tmp/boot", suites::kProbe, static_cast<unsigned>(SECTION_VM_BOOT)),
                 suites::Seconds(900));
    const SectionCounts counts = console.counts(SECTION_VM_BOOT);
    const auto info = nlohmann::json::parse(console.must("vmnix info --json booted"));
    if (info["ending"] != "powered_off")
        throw std::runtime_error(fmt::format("the guest did not reach its init: {}", info.dump()));
    work.value = static_cast<double>(counts.host_instructions - counts.host_bulk);
    work.note =
        fmt::format("the console's exits included; {} elements were copied and cleared beside", counts.host_bulk);
    exits.value = info["exits"].get<double>();
    return {work, exits};
}

} // namespace bench
