// SPDX-License-Identifier: GPL-2.0-only
// ports SEED COUNT: any port, any width, string forms among them. Ports that switch off or reset are left alone.
#include "interrupts.hpp"
#include "print.hpp"
#include "program.hpp"
#include "random.hpp"

namespace {

constexpr std::uint16_t kAreas[] = {0x20, 0x40, 0x60, 0x70, 0xa0, 0x3f8, 0x4d0, 0x600, 0xcf8};

std::uint16_t port(Random &random) {
    if (random.one_in(4))
        return static_cast<std::uint16_t>(random.next());
    return static_cast<std::uint16_t>(kAreas[random.below(std::size(kAreas))] + random.below(16));
}

bool may_write(std::uint16_t port) {
    constexpr std::uint16_t kWidest = 3;
    for (const std::uint16_t ends : {0x64, 0x92, 0xcf9, 0x604, 0x605})
        if (port <= ends && port + kWidest >= ends)
            return false;
    return (port & ~7) != 0x3f8; // the output stays legible
}

void access(std::uint16_t port, bool write, Random &random) {
    const auto value = static_cast<std::uint32_t>(random.next());
    std::uint8_t buffer[16];
    void *at = buffer;
    std::uint64_t count = 3;
    switch (random.below(5)) {
    case 0:
        return write ? x86::out(port, static_cast<std::uint8_t>(value)) : void(x86::in8(port));
    case 1:
        return write ? x86::out(port, static_cast<std::uint16_t>(value)) : void(x86::in<std::uint16_t>(port));
    case 2:
        return write ? x86::out(port, value) : void(x86::in<std::uint32_t>(port));
    case 3:
        if (write)
            asm volatile("rep outsl" : "+S"(at), "+c"(count) : "d"(port) : "memory");
        return;
    default:
        asm volatile("rep insb" : "+D"(at), "+c"(count) : "d"(port) : "memory");
    }
}

void run(const Arguments &arguments) {
    Random random(arguments.number(0, 1));
    std::uint64_t refused = 0;
    x86::cli();
    for (std::uint64_t i = 0; i < arguments.number(1, 20000); i++) {
        const std::uint16_t where = port(random);
        const bool write = random.one_in(2) && may_write(where);
        const int result = attempt([&] { access(where, write, random); });
        if (result != kNoFault && result != kGeneralProtection)
            fail("port", Hex{where}, "exception", result);
        refused += result != kNoFault;
    }
    print("refused", refused);
}

PROGRAM("ports", run);

} // namespace
