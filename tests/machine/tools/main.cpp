// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/tools/probe.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace probe {

std::uint64_t number(Arguments arguments, std::size_t index, std::uint64_t otherwise) {
    return index < arguments.size() ? std::strtoull(arguments[index], nullptr, 0) : otherwise;
}

// "0-2,5" as Linux writes it.
std::vector<unsigned> online_cpus() {
    std::vector<unsigned> cpus;
    std::FILE *file = std::fopen("/sys/devices/system/cpu/online", "r");
    if (!file)
        return cpus;
    unsigned first = 0, last = 0;
    while (std::fscanf(file, "%u", &first) == 1) {
        last = first;
        int next = std::fgetc(file);
        if (next == '-' && std::fscanf(file, "%u", &last) == 1)
            next = std::fgetc(file);
        for (unsigned cpu = first; cpu <= last; ++cpu)
            cpus.push_back(cpu);
        if (next != ',')
            break;
    }
    std::fclose(file);
    return cpus;
}

bool run_on(unsigned cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

File::File(const char *path, int flags) : descriptor_(open(path, flags | O_CLOEXEC, 0600)) {}

File::~File() {
    if (descriptor_ >= 0)
        close(descriptor_);
}

} // namespace probe

int main(int argc, char **argv) {
    using namespace probe;
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    for (auto table : {processor_commands(), load_commands(), device_commands(), attack_commands(), poke_commands(),
                       cost_commands(), crash_commands(), module_commands(), network_commands(), file_commands(),
                       kvm_commands(), vm_commands(), witness_commands(), canary_commands()})
        for (const Command &command : table) {
            if (argc < 2)
                std::printf("%-16s %s\n", command.name, command.help);
            else if (std::string_view(command.name) == argv[1])
                return command.run(Arguments(argv + 2, static_cast<std::size_t>(argc - 2)));
        }
    return kWrongCall;
}
