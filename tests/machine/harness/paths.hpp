// SPDX-License-Identifier: GPL-2.0-only
// Where the build put things. Everything is found from the test program itself, which lies in <build>/tests/machine/.
#pragma once

#include <filesystem>
#include <string>

namespace harness::paths {

std::filesystem::path build();
std::string emulator();                        // the wrapper that scripts/setup wrote
std::string emulator_with_one_thread();        // one CPU after the other, as libvirt has no word for it
std::string bochs_machine();                   // boots a kernel in Bochs
std::string kernel(const std::string &series); // the console machine's kernel
// Whether the machines run the assertion build of the VMM (VMNIX_CHECKED in the environment).
bool checked();
// The console's archive with the test programs added; `kind` as in Description::archive.
std::string initrd(const std::string &series, const std::string &kind);
std::filesystem::path output(); // folder of the running test, created
std::filesystem::path output_of(const std::string &test);

} // namespace harness::paths
