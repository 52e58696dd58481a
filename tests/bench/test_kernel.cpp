// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/test_kernel.hpp"

#include <fmt/format.h>
#include <sstream>

namespace bench {

Lines parse(const std::string &log) {
    Lines lines;
    std::istringstream in(log);
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string key;
        words >> key;
        for (double number; words >> number;)
            lines[key].push_back(number);
    }
    return lines;
}

Lines run_program(suites::Console &console, const std::string &program, unsigned vcpus) {
    console.must(fmt::format("vmnix run --name vmtest --kernel {} --append '{}' --memory 32M --vcpus {}", kTestKernel,
                             program, vcpus));
    const std::string log = console.must("vmnix logs --follow vmtest", suites::Seconds(900));
    if (log.find("done") == std::string::npos)
        throw std::runtime_error("the test kernel says:\n" + log);
    return parse(log);
}

} // namespace bench
