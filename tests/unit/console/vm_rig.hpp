// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "console/app/run.hpp"
#include "tests/unit/console/fake_root.hpp"
#include "tests/unit/console/fakes.hpp"

namespace console::test {

// A rig whose VMM runs VMs; waiting makes its clock go on. Its kernels are any files.
struct VmRig : Rig {
    double now = 100;
    FakeRoot root;
    std::vector<VmOptions> loaded;

    VmRig() {
        machine.info.features |= VMNIX_FEATURE_VMS;
        environment.monotonic = [this] { return now; };
        environment.wall_clock = [] { return 1'800'000'000.0; }; // 2027-01-15 08:00:00 UTC
        environment.input = -1;
        environment.load_image = [this](const VmOptions &options) { return load(options); };
        machine.vms.on_wait = [this](std::uint32_t ms) { now += ms / 1000.0; };
        root.write("/kernel", "a kernel");
    }

    FakeVms &vms() { return machine.vms; }
    std::string kernel() const { return root.at("/kernel").string(); }

    ExitCode command(std::vector<std::string> words) {
        words.insert(words.begin(), "vmnix");
        std::vector<const char *> argv;
        for (const std::string &word : words)
            argv.push_back(word.c_str());
        argv.push_back(nullptr);
        out.text.clear();
        err.text.clear();
        return run(static_cast<int>(words.size()), argv.data(), environment);
    }
    nlohmann::json json() const { return nlohmann::json::parse(out.text); }

  private:
    VmImage load(const VmOptions &options) {
        loaded.push_back(options);
        if (!std::filesystem::exists(options.kernel))
            throw Failure(ExitCode::Failure, "cannot read " + options.kernel);
        VmImage image{};
        image.parts.push_back({0x1000, {std::byte{'a'}, std::byte{'b'}}});
        image.parts.push_back({0x200000, std::vector<std::byte>((4 << 20) + 1, std::byte{'x'})});
        image.entry.rip = 0x100000;
        return image;
    }
};

} // namespace console::test
