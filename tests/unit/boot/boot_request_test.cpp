// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/boot_request.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/unit/boot/kernels.hpp"
#include "tests/unit/console/fake_root.hpp"

using namespace console;
using testing::HasSubstr;

namespace {

std::string failure(const std::filesystem::path &path, std::uint64_t memory) {
    try {
        read_boot_file(path, memory);
        return {};
    } catch (const Failure &failure) {
        return failure.cause();
    }
}

} // namespace

TEST(BootFile, IsReadWhole) {
    const test::FakeRoot root;
    const std::string content(100000, 'x');
    root.write("/kernel", content);
    const BootFile file = read_boot_file(root.at("/kernel"), 100000);
    EXPECT_EQ(file.name, root.at("/kernel"));
    EXPECT_EQ(file.bytes, test::bytes_of(content));
    EXPECT_TRUE(std::filesystem::exists(root.at("/kernel")));
}

TEST(BootFile, LargerThanTheMemoryIsRefused) {
    const test::FakeRoot root;
    root.write("/kernel", "12345");
    EXPECT_THAT(failure(root.at("/kernel"), 4), HasSubstr("has 5 B"));
    EXPECT_EQ(failure(root.at("/kernel"), 5), "");
    std::filesystem::resize_file(root.at("/kernel"), 1ull << 40); // would not fit into ours either
    EXPECT_THAT(failure(root.at("/kernel"), 1 << 30), HasSubstr("1.0 TiB"));
}

TEST(BootFile, MustBeARegularFile) {
    const test::FakeRoot root;
    ASSERT_EQ(::mkfifo(root.at("/pipe").c_str(), 0600), 0);
    EXPECT_THAT(failure(root.at("/pipe"), 1 << 20), HasSubstr("not a regular file"));
    EXPECT_THAT(failure("/dev/zero", 1 << 20), HasSubstr("not a regular file"));
    EXPECT_THAT(failure(root.path(), 1 << 20), HasSubstr("not a regular file"));
    EXPECT_THAT(failure(root.at("/nothing"), 1 << 20), HasSubstr("No such file"));
}
