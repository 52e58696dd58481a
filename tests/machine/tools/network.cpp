// SPDX-License-Identifier: GPL-2.0-only
// A flood of pings that also tells how long the other side was silent.
#include "tests/machine/tools/probe.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <csignal>
#include <cstring>
#include <ctime>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace probe {
namespace {

constexpr unsigned kInFlight = 8;

double now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::uint16_t checksum(const void *data, std::size_t bytes) {
    const auto *at = static_cast<const unsigned char *>(data);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < bytes; i += 2)
        sum += static_cast<std::uint32_t>(at[i] << 8 | at[i + 1]);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons(static_cast<std::uint16_t>(~sum));
}

volatile std::sig_atomic_t interrupted = 0;

class Flood {
  public:
    explicit Flood(const char *address) : socket_(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)) {
        to_.sin_family = AF_INET;
        inet_pton(AF_INET, address, &to_.sin_addr);
    }
    ~Flood() { close(socket_); }
    Flood(const Flood &) = delete;

    bool run(double seconds) {
        const double end = now() + seconds;
        double last = now();
        for (unsigned in_flight = 0; now() < end && !interrupted;) {
            while (in_flight < kInFlight && send())
                ++in_flight;
            const unsigned answers = receive();
            if (answers) {
                silence_ = std::max(silence_, now() - last);
                last = now();
            }
            in_flight -= std::min(answers, in_flight);
            if (!answers)
                in_flight = 0; // lost: start afresh
        }
        silence_ = std::max(silence_, now() - last);
        return received_ > 0;
    }
    void report() const {
        std::printf("{\"sent\":%lu,\"received\":%lu,\"silence_ms\":%.0f}\n", sent_, received_, silence_ * 1000);
    }

  private:
    bool send() {
        struct {
            icmphdr header;
            unsigned char payload[1024];
        } packet{};
        packet.header.type = ICMP_ECHO;
        packet.header.un.echo.id = htons(static_cast<std::uint16_t>(getpid()));
        packet.header.un.echo.sequence = htons(static_cast<std::uint16_t>(sent_));
        packet.header.checksum = checksum(&packet, sizeof packet);
        if (sendto(socket_, &packet, sizeof packet, 0, reinterpret_cast<sockaddr *>(&to_), sizeof to_) < 0)
            return false;
        ++sent_;
        return true;
    }
    // How many of our answers came, waiting a little for the first.
    unsigned receive() {
        unsigned char buffer[2048];
        unsigned answers = 0;
        for (pollfd wait{socket_, POLLIN, 0}; poll(&wait, 1, answers ? 0 : 100) > 0;) {
            const ssize_t bytes = recv(socket_, buffer, sizeof buffer, 0);
            icmphdr header{};
            if (bytes < static_cast<ssize_t>(20 + sizeof header))
                continue;
            std::memcpy(&header, buffer + (buffer[0] & 15) * 4, sizeof header);
            if (header.type == ICMP_ECHOREPLY && header.un.echo.id == htons(static_cast<std::uint16_t>(getpid())))
                ++answers;
        }
        received_ += answers;
        return answers;
    }

    int socket_;
    sockaddr_in to_{};
    std::uint64_t sent_ = 0, received_ = 0;
    double silence_ = 0;
};

int flood(Arguments arguments) {
    if (arguments.size() != 2)
        return kWrongCall;
    std::signal(SIGINT, [](int) { interrupted = 1; });
    Flood flood(arguments[0]);
    const bool answered = flood.run(static_cast<double>(number(arguments, 1, 1)));
    flood.report();
    return answered ? kAsExpected : kNotAsExpected;
}

constexpr Command kCommands[] = {
    {"flood", "ADDRESS SECONDS: pings as fast as they are answered", flood},
};

} // namespace

std::span<const Command> network_commands() {
    return kCommands;
}

} // namespace probe
