// SPDX-License-Identifier: GPL-2.0-only
// Bochs: Intel VT-x, and AMD SVM with what QEMU's lacks. It has no monitor: what would need one throws NotEmulated.
#pragma once

#include "tests/machine/harness/child.hpp"
#include "tests/machine/harness/emulator.hpp"
#include "tests/machine/harness/terminal.hpp"

namespace harness {

class Bochs final : public Emulator {
  public:
    Bochs(const Description &description, const std::string &title, const std::filesystem::path &folder);
    ~Bochs() override;

    Serial &serial() override { return terminal_; }
    bool alive() const override { return child_.alive(); }
    bool powered_off() const override { return !alive() && log().find("soft power off") != std::string::npos; }
    unsigned patience() const override;
    nlohmann::json monitor(const std::string &command, const nlohmann::json &arguments) override;
    void read_memory(std::uint64_t physical, std::span<std::byte> out) override;
    void inject_nmi() override;
    void reset() override;
    void pause() override;
    void resume() override;

  private:
    std::string log() const; // Bochs' own, which says why it ended

    std::filesystem::path folder_;
    Terminal terminal_;
    Child child_; // ends before the terminal goes
};

} // namespace harness
