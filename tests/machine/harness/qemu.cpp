// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/harness/qemu.hpp"

#include "tests/machine/harness/host.hpp"
#include "tests/machine/harness/paths.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <libvirt/libvirt-qemu.h>
#include <mutex>

namespace harness {

namespace {

class StreamSerial final : public Serial {
  public:
    // Attaches to a machine that does not run yet, so that nothing it says is lost.
    explicit StreamSerial(virDomainPtr domain)
        : stream_(virStreamNew(Host::instance().connection(), VIR_STREAM_NONBLOCK)) {
        if (!stream_ || virDomainOpenConsole(domain, nullptr, stream_, VIR_DOMAIN_CONSOLE_FORCE) < 0)
            throw LibvirtError("serial line");
        if (virStreamEventAddCallback(stream_,
                                      VIR_STREAM_EVENT_READABLE | VIR_STREAM_EVENT_HANGUP | VIR_STREAM_EVENT_ERROR,
                                      &StreamSerial::ready, this, nullptr) < 0)
            throw LibvirtError("serial line's events");
    }

    ~StreamSerial() override {
        virStreamEventRemoveCallback(stream_);
        // The event thread may be inside the callback; it holds this lock there.
        std::lock_guard guard(reading_);
        virStreamAbort(stream_);
        virStreamFree(stream_);
    }

  private:
    std::size_t send(std::string_view text) override {
        const int bytes = virStreamSend(stream_, text.data(), text.size());
        if (bytes == -1)
            throw LibvirtError("typing");
        return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
    }

    static void ready(virStreamPtr, int events, void *self) {
        auto *serial = static_cast<StreamSerial *>(self);
        std::lock_guard guard(serial->reading_);
        if ((events & VIR_STREAM_EVENT_READABLE) && serial->receive())
            events |= VIR_STREAM_EVENT_HANGUP;
        if (events & (VIR_STREAM_EVENT_HANGUP | VIR_STREAM_EVENT_ERROR)) {
            serial->ended();
            virStreamEventUpdateCallback(serial->stream_, 0);
        }
    }

    // All that is there; whether it was the last.
    bool receive() {
        char piece[4096];
        int bytes = 0;
        while ((bytes = virStreamRecv(stream_, piece, sizeof piece)) > 0)
            received({piece, static_cast<std::size_t>(bytes)});
        return bytes != -2; // -2: nothing more now
    }

    virStreamPtr stream_;
    std::mutex reading_;
};

} // namespace

Qemu::Qemu(const Description &description, const std::string &title, const std::filesystem::path &folder)
    : counts_instructions_(description.ns_per_instruction != 0) {
    const std::string log = folder / fmt::format("{}.{}.serial.log", title, description.name());
    const std::string xml = description.domain_xml(title, paths::initrd(description.kernel, description.archive), log);
    std::ofstream(folder / (title + ".xml")) << xml;
    domain_ = virDomainCreateXML(Host::instance().connection(), xml.c_str(), VIR_DOMAIN_START_PAUSED);
    if (!domain_)
        throw LibvirtError("starting " + description.name());
    serial_ = std::make_unique<StreamSerial>(domain_);
    resume();
}

Qemu::~Qemu() {
    serial_.reset();
    if (alive())
        virDomainDestroyFlags(domain_, VIR_DOMAIN_DESTROY_GRACEFUL);
    virDomainFree(domain_);
}

bool Qemu::alive() const {
    int state = 0, reason = 0;
    return virDomainGetState(domain_, &state, &reason, 0) == 0 && state != VIR_DOMAIN_SHUTOFF;
}

nlohmann::json Qemu::monitor(const std::string &command, const nlohmann::json &arguments) {
    const std::string request = nlohmann::json{{"execute", command}, {"arguments", arguments}}.dump();
    char *text = nullptr;
    if (virDomainQemuMonitorCommand(domain_, request.c_str(), &text, 0) < 0)
        throw LibvirtError("monitor command " + command);
    nlohmann::json answer = nlohmann::json::parse(text);
    std::free(text);
    if (answer.contains("error"))
        throw std::runtime_error("monitor command " + command + ": " + answer["error"].dump());
    return answer["return"];
}

void Qemu::read_memory(std::uint64_t physical, std::span<std::byte> out) {
    while (!out.empty()) {
        const std::size_t piece = std::min<std::size_t>(out.size(), 0x10000); // libvirt's limit
        if (virDomainMemoryPeek(domain_, physical, piece, out.data(), VIR_MEMORY_PHYSICAL) < 0)
            throw LibvirtError(fmt::format("memory at {:#x}", physical));
        physical += piece;
        out = out.subspan(piece);
    }
}

void Qemu::inject_nmi() {
    if (virDomainInjectNMI(domain_, 0) < 0)
        throw LibvirtError("NMI");
}

void Qemu::reset() {
    if (virDomainReset(domain_, 0) < 0)
        throw LibvirtError("reset");
}

void Qemu::pause() {
    if (virDomainSuspend(domain_) < 0)
        throw LibvirtError("pause");
}

void Qemu::resume() {
    if (virDomainResume(domain_) < 0)
        throw LibvirtError("resume");
}

} // namespace harness
