// SPDX-License-Identifier: GPL-2.0-only
// QEMU, driven by libvirt.
#pragma once

#include "tests/machine/harness/emulator.hpp"

#include <libvirt/libvirt.h>

namespace harness {

class Qemu final : public Emulator {
  public:
    Qemu(const Description &description, const std::string &title, const std::filesystem::path &folder);
    ~Qemu() override;

    Serial &serial() override { return *serial_; }
    bool alive() const override;
    bool powered_off() const override { return !alive(); } // a reset boots again, a crash stays
    unsigned patience() const override { return counts_instructions_ ? 4 : 1; }
    nlohmann::json monitor(const std::string &command, const nlohmann::json &arguments) override;
    void read_memory(std::uint64_t physical, std::span<std::byte> out) override;
    void inject_nmi() override;
    void reset() override;
    void pause() override;
    void resume() override;

  private:
    const bool counts_instructions_;
    virDomainPtr domain_;
    std::unique_ptr<Serial> serial_;
};

} // namespace harness
