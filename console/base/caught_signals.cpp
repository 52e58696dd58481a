// SPDX-License-Identifier: GPL-2.0-only
#include "console/base/caught_signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

namespace console {

CaughtSignals::CaughtSignals(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals)
        sigaddset(&set, signal);
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
    fd_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

CaughtSignals::~CaughtSignals() {
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int CaughtSignals::take() {
    signalfd_siginfo info{};
    if (::read(fd_.get(), &info, sizeof info) != sizeof info)
        return 0;
    return static_cast<int>(info.ssi_signo);
}

} // namespace console
