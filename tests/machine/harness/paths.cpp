// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/harness/paths.hpp"

#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>

namespace harness::paths {

namespace fs = std::filesystem;

fs::path build() {
    static const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path().parent_path().parent_path();
    return folder;
}

std::string emulator() {
    return build() / "tools/qemu-system-x86_64";
}

std::string emulator_with_one_thread() {
    return build() / "tests/machine/emulator-with-one-thread";
}

std::string bochs_machine() {
    return build() / "tests/machine/bochs-machine";
}

std::string kernel(const std::string &series) {
    return build() / "machine" / series / "console.vmlinuz";
}

bool checked() {
    return std::getenv("VMNIX_CHECKED") != nullptr;
}

std::string initrd(const std::string &series, const std::string &kind) {
    const std::string prefix = !kind.empty() ? "initrd-" + kind + "-" : checked() ? "initrd-checked-" : "initrd-";
    return build() / "tests/machine" / (prefix + series);
}

fs::path output_of(const std::string &test) {
    std::string name = test;
    std::replace(name.begin(), name.end(), '/', '.');
    fs::path folder = build() / "tests/machine" / name;
    fs::create_directories(folder);
    return folder;
}

fs::path output() {
    const auto *unit = testing::UnitTest::GetInstance();
    if (const auto *test = unit->current_test_info())
        return output_of(std::string(test->test_suite_name()) + "/" + test->name());
    if (const auto *suite = unit->current_test_suite())
        return output_of(suite->name());
    return output_of("program");
}

} // namespace harness::paths
