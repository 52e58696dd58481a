// SPDX-License-Identifier: GPL-2.0-only
// A running emulator and what it can do to its machine. There is one class for each emulator.
#pragma once

#include "tests/machine/harness/description.hpp"
#include "tests/machine/harness/serial.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>

namespace harness {

// The test asks for what this emulator has not.
struct NotEmulated : std::logic_error {
    using std::logic_error::logic_error;
};

class Emulator {
  public:
    // Starts the machine. `title` is unique in this program, logs and files of the machine go to `folder`.
    static std::unique_ptr<Emulator> start(const Description &description, const std::string &title,
                                           const std::filesystem::path &folder);
    virtual ~Emulator() = default; // ends the machine
    Emulator(const Emulator &) = delete;

    virtual Serial &serial() = 0;
    virtual bool alive() const = 0;
    virtual bool powered_off() const = 0; // it ended as machines should, whoever asked for it
    // How much longer than in QEMU everything takes.
    virtual unsigned patience() const = 0;

    virtual nlohmann::json monitor(const std::string &command, const nlohmann::json &arguments) = 0;
    virtual void read_memory(std::uint64_t physical, std::span<std::byte> out) = 0;
    virtual void inject_nmi() = 0;
    virtual void reset() = 0;
    virtual void pause() = 0;
    virtual void resume() = 0;

  protected:
    Emulator() = default;
};

} // namespace harness
