// SPDX-License-Identifier: GPL-2.0-only
// A running test machine. Boots on construction to a shell, is destroyed with the object.
#pragma once

#include "tests/machine/harness/description.hpp"
#include "tests/machine/harness/emulator.hpp"
#include "tests/machine/harness/locks.hpp"
#include "tests/machine/harness/serial.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

namespace harness {

// What a command typed at the shell printed (both streams) and how it ended.
struct Outcome {
    std::string output;
    int code = -1;
    bool ok() const { return code == 0; }
};

class Machine {
  public:
    explicit Machine(Description description);
    ~Machine();
    Machine(const Machine &) = delete;

    const Description &description() const { return description_; }
    Serial &serial() { return emulator_->serial(); }
    const std::filesystem::path &folder() const { return folder_; }

    // Limits are those of QEMU, other emulators get more time.
    // Types a command at the shell and waits for its end. Throws Timeout, never returns half an answer.
    Outcome run(const std::string &command, Seconds limit = Seconds(60));
    // As above; a code other than 0 throws, with the output.
    std::string must(const std::string &command, Seconds limit = Seconds(60));
    // Types and does not wait: for commands after which there is no shell.
    void type(const std::string &command) { serial().type(command + "\n"); }
    // After a reboot: the new shell.
    void wait_for_shell(Seconds limit = Seconds(120));
    // After a panic that was asked for: the shell of the kernel that was loaded for this.
    void wait_for_crash_kernel(Seconds limit);

    // What an emulator cannot do throws NotEmulated.
    nlohmann::json monitor(const std::string &command, const nlohmann::json &arguments = nlohmann::json::object());
    std::string human_monitor(const std::string &command);
    // As the emulator sees it.
    void read_memory(std::uint64_t physical, std::span<std::byte> out) { emulator_->read_memory(physical, out); }
    std::uint64_t read_word(std::uint64_t physical);
    std::filesystem::path save_memory(std::uint64_t physical, std::uint64_t bytes); // to a file in folder()
    void inject_nmi() { emulator_->inject_nmi(); }
    void reset() { emulator_->reset(); }
    void pause() { emulator_->pause(); }
    void resume() { emulator_->resume(); }

    bool alive() const { return emulator_ && emulator_->alive(); }
    void wait_for_end(Seconds limit); // it powered itself off
    void end();                       // ends it now; its counts and logs are then complete

  protected:
    Seconds patient(Seconds limit) const; // of an emulator that may be slow

  private:
    void boot();
    void take_over_shell(Seconds limit);
    void open_session(Seconds limit);

    Description description_;
    std::filesystem::path folder_;
    std::string title_;
    std::optional<Places> places_;
    std::unique_ptr<Emulator> emulator_;
    unsigned commands_ = 0;
    std::string lost_; // why nobody answers any more
};

} // namespace harness
