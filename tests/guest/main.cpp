// SPDX-License-Identifier: GPL-2.0-only
// The test kernel for VMs: one program, chosen by the command line. It ends by switching the machine off, with `done`
// or `failed: why` as its last line.
#include <algorithm>

#include "apic.hpp"
#include "interrupts.hpp"
#include "power.hpp"
#include "print.hpp"
#include "program.hpp"
#include "smp.hpp"

extern "C" const Program *const programs_begin[], *const programs_end[];

namespace {

struct MultibootInformation { // its first fields
    std::uint32_t flags, mem_lower, mem_upper, boot_device, command_line;
};

std::string_view word(std::string_view &line) {
    while (!line.empty() && line.front() == ' ')
        line.remove_prefix(1);
    const std::string_view found = line.substr(0, line.find(' '));
    line.remove_prefix(found.size());
    return found;
}

// A loader may put the kernel's name first.
std::string_view skip_path(std::string_view line) {
    std::string_view rest = line;
    return word(rest).find('/') == std::string_view::npos ? line : rest;
}

const Program *find(std::string_view name) {
    const auto *found =
        std::find_if(programs_begin, programs_end, [&](auto *program) { return program->name == name; });
    return found != programs_end ? *found : nullptr;
}

} // namespace

Arguments::Arguments(std::string_view line) {
    name_ = word(line);
    while (count_ < 8) {
        const std::string_view digits = word(line);
        if (digits.empty())
            return;
        for (const char c : digits)
            numbers_[count_] = numbers_[count_] * 10 + static_cast<unsigned>(c - '0');
        count_++;
    }
}

extern "C" [[noreturn]] void kernel_main(const MultibootInformation *information) {
    const auto number = static_cast<unsigned>(reinterpret_cast<std::byte(*)[CPU_AREA]>(&this_cpu()) - cpu_areas);
    if (number != 0)
        serve(number);
    set_up_cpu(cpu_at(0), 0);
    pic::mask_all();
    ioapic::mask_all();
    apic::enable();
    // Low memory is the loader's gift: the structure lies where it put it.
    const Arguments arguments(skip_path(reinterpret_cast<const char *>(std::uint64_t{information->command_line})));
    const Program *program = find(arguments.name());
    if (!program)
        fail("no such program:", arguments.name());
    program->run(arguments);
    print("done");
    power_off();
}
