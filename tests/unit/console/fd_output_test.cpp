// SPDX-License-Identifier: GPL-2.0-only
#include "console/base/fd_output.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

#include "console/base/failure.hpp"
#include "console/base/unique_fd.hpp"

using namespace console;

TEST(FdOutput, WritesAllThoughThePipeIsSmallAndNonBlocking) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, 0), 0);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    ASSERT_EQ(::fcntl(writer.get(), F_SETFL, O_NONBLOCK), 0);
    const std::string sent(1 << 20, 'x');
    std::string got;
    std::thread drain([&] {
        char chunk[4096];
        for (ssize_t count; (count = ::read(reader.get(), chunk, sizeof chunk)) > 0;)
            got.append(chunk, static_cast<std::size_t>(count));
    });
    FdOutput(writer.get(), "the pipe").write(sent);
    writer = UniqueFd();
    drain.join();
    EXPECT_EQ(got.size(), sent.size());
}

TEST(FdOutput, AFullDiskThrowsWithTheReason) {
    const UniqueFd full(::open("/dev/full", O_WRONLY));
    FdOutput out(full.get(), "standard output");
    try {
        out.write("x");
        FAIL() << "the text went nowhere unnoticed";
    } catch (const Failure &failure) {
        EXPECT_EQ(failure.cause(), "cannot write to standard output: No space left on device");
    }
}

TEST(FdOutput, WithoutATerminalOnlyColumnsLimits) {
    const UniqueFd null(::open("/dev/null", O_WRONLY));
    const FdOutput out(null.get(), "null");
    EXPECT_FALSE(out.is_terminal());
    ::unsetenv("COLUMNS");
    EXPECT_EQ(out.size().columns, 0u);
    ::setenv("COLUMNS", "72", 1);
    EXPECT_EQ(out.size().columns, 72u);
    EXPECT_EQ(out.size().rows, 0u);
    ::unsetenv("COLUMNS");
}
