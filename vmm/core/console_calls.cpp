// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/console_calls.hpp"

#include "vmm/core/attach.hpp"
#include "vmm/core/call_structures.hpp"
#include "vmm/core/interrupts.hpp"
#include "vmm/core/memory.hpp"
#include "vmm/core/package_rules.hpp"
#include "vmm/core/schedule.hpp"
#include "vmm/x86/intrinsics.hpp"

namespace vmm {
namespace {

HypercallResult end(Cpu &cpu, const HypercallArguments &a) {
    std::array<char, VMNIX_END_TEXT> text{};
    if (a.rdi == VMNIX_END_NONE || a.rdi > VMNIX_END_TOLD || a.rdx > text.size())
        return call_failure(Errc::Invalid);
    if (a.rdx != 0) {
        const auto from = console_bytes(a.rsi, a.rdx);
        if (!from)
            return call_failure(from.error());
        __builtin_memcpy(text.data(), *from, a.rdx);
    }
    // When it ends, this vCPU stops before its next entry.
    return end_console(cpu, static_cast<vmnix_console_end>(a.rdi), {text.data(), a.rdx}) ? HypercallResult{}
                                                                                         : call_failure(Errc::Busy);
}

HypercallResult log_message(Cpu &cpu, const HypercallArguments &a) {
    if (a.rsi != 0) {
        const auto from = console_bytes(a.rdi, a.rsi);
        if (!from)
            return call_failure(from.error());
        add_console_message({reinterpret_cast<const char *>(*from), a.rsi}); // plain bytes
    }
    return {.results = 1, .rdi = answers_watchdog(cpu)};
}

HypercallResult log_read(const HypercallArguments &a) {
    const auto to = console_bytes(a.rdi, a.rsi);
    if (!to)
        return call_failure(to.error());
    std::uint64_t position = a.rdx;
    const unsigned bytes = g_vmm.console_log.lock()->read(position, {reinterpret_cast<char *>(*to), a.rsi});
    return {.results = 2, .rdi = bytes, .rsi = position};
}

constexpr bool is_sound(const vmnix_console_policy &p) {
    const bool on_crash = p.on_crash >= VMNIX_ACTION_RESTART && p.on_crash <= VMNIX_ACTION_RESET_HOST;
    const bool on_limit = p.on_limit == VMNIX_ACTION_HOLD || p.on_limit == VMNIX_ACTION_RESET_HOST;
    const bool watchdog = p.watchdog_ms == 0 || (p.watchdog_ms >= 1000 && p.watchdog_ms <= 600000);
    return p.size >= sizeof(p) && on_crash && on_limit && watchdog && p.limit <= RestartTimes::kMost &&
           p.limit_seconds >= 1 && p.limit_seconds <= 86400;
}

HypercallResult set_policy(Cpu &cpu, const HypercallArguments &a) {
    const auto policy = copy_in<vmnix_console_policy>(a.rdi);
    if (!policy)
        return call_failure(policy.error());
    if (a.rsi < sizeof(*policy) || !is_sound(*policy))
        return call_failure(Errc::Invalid);
    g_vmm.console_life.policy = *policy;
    g_vmm.console_life.policy.size = sizeof(*policy);
    reschedule(cpu, CpuMask::first(g_vmm.cpu_count)); // the watchdog's time is set anew
    return {};
}

HypercallResult info(const HypercallArguments &a) {
    const ConsoleLife &life = g_vmm.console_life;
    vmnix_console_info info{};
    info.state = life.state.load();
    info.generation = life.generation;
    info.last_end = life.end;
    __builtin_memcpy(info.last_text, life.text, sizeof(info.last_text));
    info.ended_tsc = life.ended_tsc;
    info.started_tsc = life.generation == 0 ? g_vmm.launched_tsc : life.started_tsc;
    {
        auto packages = g_vmm.memory.lock();
        if (packages->registered.exists()) {
            const vmnix_package &header = packages->registered.header();
            info.package_bytes = header.bytes;
            __builtin_memcpy(info.package_text, header.text, sizeof(info.package_text));
        }
    }
    info.log_size = g_vmm.console_log.unguarded().size();
    info.log_head = g_vmm.console_log.lock()->head();
    info.policy = life.policy;
    info.restarts_left = restarts_left(x86::rdtsc());
    info.beat_ms = life.beat_ms;
    info.log_of_this = life.log_of_this;
    return copy_out(info, a.rdi, a.rsi);
}

HypercallResult beat(Cpu &cpu, const HypercallArguments &a) {
    constexpr std::uint64_t kLeast = 100, kMost = 600000;
    if (a.rdi != 0 && (a.rdi < kLeast || a.rdi > kMost))
        return call_failure(Errc::Invalid);
    g_vmm.console_life.beat_ms = static_cast<std::uint32_t>(a.rdi);
    g_vmm.console_life.beat_at = a.rdi == 0 ? kNever : x86::rdtsc() + a.rdi * g_vmm.handover->tsc_khz;
    CpuMask first;
    first.add(0); // who watches it
    reschedule(cpu, first);
    return {};
}

HypercallResult begin_package(const HypercallArguments &a) {
    const auto package =
        a.rsi >= sizeof(vmnix_package) ? copy_in<vmnix_package>(a.rdi) : Result<vmnix_package>(Errc::Invalid);
    if (!package)
        return call_failure(package.error());
    PieceMap &pieces = g_vmm.ram.pieces();
    {
        auto packages = g_vmm.memory.lock();
        packages->begun.release(g_vmm.frames, pieces);
        if (const auto sound = check_package(*package, g_vmm.ram); !sound)
            return call_failure(sound.error());
    }
    const bool frame = static_cast<bool>(refill_frames(1));
    const std::uint64_t needed = ConsolePackage::pieces_needed(*package);
    auto packages = g_vmm.memory.lock();
    if (!frame || pieces.pieces(Owner::Free) < needed) {
        HypercallResult result = call_failure(Errc::NoMemory);
        result.results = 1;
        result.rdi = needed + !frame;
        return result;
    }
    return call_answer(packages->begun.begin(*package, g_vmm.frames, pieces));
}

HypercallResult write_package(const HypercallArguments &a) {
    const auto from = console_bytes(a.rsi, kPageSize);
    if (!from)
        return call_failure(from.error());
    return call_answer(g_vmm.memory.lock()->begun.append(a.rdi, reinterpret_cast<const std::byte *>(*from)));
}

HypercallResult seal_package() {
    auto packages = g_vmm.memory.lock();
    if (!packages->begun.is_complete()) {
        packages->begun.release(g_vmm.frames, g_vmm.ram.pieces()); // its memory is not kept for what will never be
        return call_failure(Errc::Invalid);
    }
    std::swap(packages->registered, packages->begun);
    packages->begun.release(g_vmm.frames, g_vmm.ram.pieces());
    return {};
}

HypercallResult drop_package() {
    auto packages = g_vmm.memory.lock();
    const bool existed = packages->registered.exists();
    packages->begun.release(g_vmm.frames, g_vmm.ram.pieces());
    packages->registered.release(g_vmm.frames, g_vmm.ram.pieces());
    return existed ? HypercallResult{} : call_failure(Errc::NotFound);
}

HypercallResult attach(Cpu &cpu, const HypercallArguments &a) {
    auto attach = copy_in_grown<vmnix_attach>(a.rdi, a.rsi, VMNIX_ATTACH_LEAST);
    if (!attach)
        return call_failure(attach.error());
    {
        const auto memory = g_vmm.memory.lock();
        if (const auto attached = attach_driver(cpu, *attach); !attached)
            return call_failure(attached.error());
    }
    return copy_out(*attach, a.rdi, a.rsi);
}

HypercallResult pieces(const HypercallArguments &a) {
    const auto memory = g_vmm.memory.lock();
    const auto taken = next_taken(Hpa(a.rdi));
    return taken ? HypercallResult{.results = 2, .rdi = taken->begin.raw(), .rsi = taken->size}
                 : call_failure(taken.error());
}

} // namespace

HypercallResult console_call(Cpu &cpu, const HypercallArguments &arguments) {
    switch (arguments.number) {
    case VMNIX_HC_CONSOLE_END:
        return end(cpu, arguments);
    case VMNIX_HC_CONSOLE_LOG:
        return log_message(cpu, arguments);
    case VMNIX_HC_CONSOLE_LOG_READ:
        return log_read(arguments);
    case VMNIX_HC_CONSOLE_SET:
        return set_policy(cpu, arguments);
    case VMNIX_HC_CONSOLE_INFO:
        return info(arguments);
    case VMNIX_HC_CONSOLE_BEAT:
        return beat(cpu, arguments);
    case VMNIX_HC_PACKAGE_BEGIN:
        return begin_package(arguments);
    case VMNIX_HC_PACKAGE_WRITE:
        return write_package(arguments);
    case VMNIX_HC_PACKAGE_SEAL:
        return seal_package();
    case VMNIX_HC_PACKAGE_DROP:
        return drop_package();
    case VMNIX_HC_ATTACH:
        return attach(cpu, arguments);
    default:
        return pieces(arguments);
    }
}

} // namespace vmm
