// SPDX-License-Identifier: GPL-2.0-only
// A console machine that counts instructions, with the plugin's report of marked sections.
#pragma once

#include "tests/machine/suites/console.hpp"
#include "tests/plugin/sections.h"

namespace bench {

struct SectionCounts {
    std::uint64_t instructions, host_instructions, host_bulk, exits, least, median, costly;
};

class CountingConsole : public suites::Console {
  public:
    explicit CountingConsole(suites::Description description, bool with_plugin = true);
    SectionCounts counts(section which) const;
    std::uint64_t number(const std::string &probe_command);

  private:
    static suites::Description prepared(suites::Description description, bool with_plugin);
};

} // namespace bench
