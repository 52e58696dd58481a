// SPDX-License-Identifier: GPL-2.0-only
// What a hostile program can try without a kernel module.
#include "tests/machine/tools/probe.hpp"
#include "vmnix/abi/ioctl/ioctl.h"

#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <unistd.h>

namespace probe {
namespace {

sigjmp_buf came_back;

void on_signal(int number) {
    siglongjmp(came_back, number);
}

// The signal that `instruction` earns, or 0.
template <class Instruction> int signal_of(Instruction instruction) {
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigaction(SIGILL, &action, nullptr);
    sigaction(SIGSEGV, &action, nullptr);
    if (const int number = sigsetjmp(came_back, 1))
        return number;
    instruction();
    return 0;
}

// Deterministic, so that a failure can be run again.
struct Random {
    std::uint64_t state;
    std::uint64_t next() {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        return state * 0x2545f4914f6cdd1d;
    }
};

// A hypercall from a program either faults or answers -VMNIX_HC_EPERM; it never acts.
int user_hypercall(Arguments) {
    int result = kAsExpected;
    for (std::uint64_t number = 0; number <= VMNIX_HC_COUNT; ++number) {
        std::uint64_t rax = number;
        const int signal = signal_of([&] { asm volatile("vmmcall" : "+a"(rax) : "D"(0), "S"(0), "d"(0) : "memory"); });
        std::printf("hypercall %lu: signal %d, rax %ld\n", number, signal, static_cast<std::int64_t>(rax));
        if (signal == 0 && static_cast<std::int64_t>(rax) != -VMNIX_HC_EPERM)
            result = kNotAsExpected;
    }
    return result;
}

// Instructions of the virtualisation extension from a program: all fault.
int user_instructions(Arguments) {
    const int signals[] = {
        signal_of([] {
            asm volatile("vmrun %%rax" : : "a"(0));
        }),
        signal_of([] {
            asm volatile("vmload %%rax" : : "a"(0));
        }),
        signal_of([] {
            asm volatile("vmsave %%rax" : : "a"(0));
        }),
        signal_of([] { asm volatile("clgi"); }),
        signal_of([] { asm volatile("stgi"); }),
        signal_of([] {
            asm volatile("invlpga %%rax, %%ecx" : : "a"(0), "c"(0));
        }),
        signal_of([] {
            asm volatile("vmcall" : : "a"(0));
        }),
    };
    int result = kAsExpected;
    for (int signal : signals) {
        std::printf("%d\n", signal);
        if (signal == 0)
            result = kNotAsExpected;
    }
    return result;
}

std::uint64_t interesting(Random &random) {
    static constexpr std::uint64_t kValues[] = {0,       1,          8,          0xfff,      0x1000,
                                                0xa0000, 0xfee00000, 0xfec00000, 0x3ffff000, 0xfffffffffffff000,
                                                ~0ull,   1ull << 51, 1ull << 52, 1ull << 63, 0xffff800000000000};
    const std::uint64_t draw = random.next();
    if (draw % 3 == 0)
        return random.next() >> (draw >> 8) % 64;
    return kValues[(draw >> 8) % std::size(kValues)] + (draw >> 32) % 3;
}

// The VMM writes results wherever in its own RAM a console's kernel asks for them: a storm that asks for pages of files
// and of programs harms its own console. An address in RAM becomes one in a page that is this program's.
class HarmlessRam {
  public:
    HarmlessRam() {
        std::FILE *map = std::fopen("/proc/iomem", "r");
        char line[200];
        for (unsigned long long begin = 0, end = 0; map && std::fgets(line, sizeof line, map);)
            if (std::strstr(line, "System RAM") && std::sscanf(line, " %llx-%llx", &begin, &end) == 2)
                ranges_.push_back({begin, end});
        if (map)
            std::fclose(map);
        const auto at = reinterpret_cast<std::uintptr_t>(page_);
        page_[0] = 1; // there
        std::uint64_t entry = 0;
        File pages("/proc/self/pagemap", O_RDONLY);
        if (mlock(page_, kPage) == 0 && pages && pread(pages, &entry, 8, static_cast<off_t>(at / kPage * 8)) == 8)
            address_ = (entry & ((1ull << 55) - 1)) * kPage;
    }
    explicit operator bool() const { return address_ != 0 && !ranges_.empty(); }

    // Below 1 MiB Linux keeps nothing that it misses, and such numbers are sizes and positions as well. Half a page is
    // left for what is written there.
    std::uint64_t instead_of(std::uint64_t value) const {
        for (const Range &range : ranges_)
            if (value >= kLowMemory && value >= range.begin && value <= range.end)
                return address_ + value % (kPage / 2);
        return value;
    }

  private:
    static constexpr std::uint64_t kPage = 4096, kLowMemory = 1 << 20;
    struct Range {
        std::uint64_t begin, end;
    };
    alignas(kPage) static inline char page_[kPage];
    std::vector<Range> ranges_;
    std::uint64_t address_ = 0;
};

// hypercall-storm SEED COUNT [ADDRESS]: random hypercalls through the test door. Not VMNIX_HC_LEAVE, which a driver may
// call and which the module alone can follow, nor the panic that VMNIX_HC_TEST offers. ADDRESS is mixed in as one more
// value (VMM memory).
int hypercall_storm(Arguments arguments) {
    File device(VMNIX_DEVICE, O_RDWR);
    const HarmlessRam ram;
    if (!device || !ram)
        return kLacking;
    Random random{number(arguments, 0, 1) | 1};
    const std::uint64_t count = number(arguments, 1, 1000), address = number(arguments, 2, 0);
    std::uint64_t answered = 0, refused = 0;
    const auto value = [&] {
        return address && random.next() % 4 == 0 ? address : ram.instead_of(interesting(random));
    };
    for (std::uint64_t i = 0; i < count; ++i) {
        vmnix_raw_hypercall call{random.next() % 8 ? random.next() % (VMNIX_HC_COUNT + 2) : interesting(random),
                                 value(), value(), value()};
        if (call.rax == VMNIX_HC_LEAVE || call.rax == VMNIX_HC_TEST)
            continue;
        const bool passed = ioctl(device, VMNIX_IOC_HYPERCALL, &call) == 0;
        ++(passed && call.rax == 0 ? answered : refused);
    }
    // The log's event goes back to no vector, whatever the storm asked for.
    vmnix_raw_hypercall quiet{VMNIX_HC_EVENT, 0, 0, 0};
    ioctl(device, VMNIX_IOC_HYPERCALL, &quiet);
    std::printf("%lu answered, %lu refused\n", answered, refused);
    return refused ? kAsExpected : kNotAsExpected;
}

// ioctl-storm SEED COUNT: random requests and pointers to the driver.
int ioctl_storm(Arguments arguments) {
    File device(VMNIX_DEVICE, O_RDWR);
    if (!device)
        return kLacking;
    Random random{number(arguments, 0, 1) | 1};
    alignas(8) static char buffer[8192];
    static constexpr unsigned long kRequests[] = {VMNIX_IOC_INFO, VMNIX_IOC_STATS, VMNIX_IOC_LAUNCH};
    for (std::uint64_t i = number(arguments, 1, 1000); i > 0; --i) {
        for (std::size_t at = 0; at < 64; at += 8) {
            const std::uint64_t word = interesting(random);
            std::memcpy(buffer + at, &word, 8);
        }
        const unsigned long request = random.next() % 4 ? kRequests[random.next() % 3] : random.next() & 0xffffffff;
        void *where = random.next() % 4 ? buffer + random.next() % 4096
                                        : reinterpret_cast<void *>(interesting(random)); // never read by this program
        ioctl(device, request, where);
    }
    return kAsExpected;
}

// msr-storm CPU SEED COUNT: writes what was read, and that with bits flipped, to MSRs that /dev/cpu reaches. MSRs whose
// change Linux could not survive on bare hardware either are left alone.
int msr_storm(Arguments arguments) {
    char path[64];
    std::snprintf(path, sizeof path, "/dev/cpu/%lu/msr", number(arguments, 0, 0));
    File device(path, O_RDWR);
    if (!device)
        return kLacking;
    Random random{number(arguments, 1, 1) | 1};
    // VM_CR, VM_HSAVE_PA, SVM_KEY, EFER.SVME's neighbours, APIC base, microcode, MTRR capabilities, MCE, x2APIC (ICR
    // left out), and the hypervisor's own range.
    static constexpr std::uint32_t kMsrs[] = {0xc0010114, 0xc0010117, 0xc0010118, 0xc0010115, 0x79,       0x8b,
                                              0xfe,       0x179,      0x17a,      0x3a,       0x40000000, 0x40000001,
                                              0x4b564d00, 0x480,      0x48f,      0xc0010140, 0xc0011029, 0x10a};
    unsigned refused = 0, taken = 0;
    for (std::uint64_t i = 0; i < number(arguments, 2, 200); ++i) {
        const std::uint32_t msr = kMsrs[random.next() % std::size(kMsrs)];
        std::uint64_t value = 0;
        if (pread(device, &value, 8, msr) != 8)
            value = interesting(random);
        value ^= 1ull << random.next() % 64;
        ++(pwrite(device, &value, 8, msr) == 8 ? taken : refused);
    }
    std::printf("%u refused, %u taken\n", refused, taken);
    return kAsExpected;
}

// ports SEED COUNT: reads of the whole port space (writes could reset or re-route the emulated machine, also bare).
int ports(Arguments arguments) {
    if (iopl(3) != 0)
        return kLacking;
    Random random{number(arguments, 0, 1) | 1};
    for (std::uint64_t i = number(arguments, 1, 2000); i > 0; --i) {
        const auto port = static_cast<unsigned short>(random.next() % 0xfffd); // beyond the last port is #GP on any CPU
        switch (random.next() % 3) {
        case 0:
            inb(port);
            break;
        case 1:
            inw(port);
            break;
        default:
            inl(port);
            break;
        }
    }
    return kAsExpected;
}

// kvm-hold SECONDS: a VM of kvm's exists until then.
int kvm_hold(Arguments arguments) {
    File device("/dev/kvm", O_RDWR);
    constexpr unsigned long kCreateVm = 0xae01; // KVM_CREATE_VM
    if (!device)
        return kLacking;
    const int machine = ioctl(device, kCreateVm, 0);
    if (machine < 0)
        return kLacking;
    std::printf("held\n");
    sleep(static_cast<unsigned>(number(arguments, 0, 60)));
    close(machine);
    return kAsExpected;
}

constexpr Command kCommands[] = {
    {"user-hypercall", "from a program: refused", user_hypercall},
    {"user-instructions", "of the virtualisation extension all fault", user_instructions},
    {"hypercall-storm", "SEED COUNT [ADDRESS], module loaded with test=1", hypercall_storm},
    {"ioctl-storm", "SEED COUNT", ioctl_storm},
    {"msr-storm", "CPU SEED COUNT", msr_storm},
    {"ports", "SEED COUNT", ports},
    {"kvm-hold", "[SECONDS]: keeps a VM of kvm's", kvm_hold},
};

} // namespace

std::span<const Command> attack_commands() {
    return kCommands;
}

} // namespace probe
