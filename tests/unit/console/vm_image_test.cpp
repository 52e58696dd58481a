// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/start/vm_image.hpp"

#include <gmock/gmock.h>

#include "console/base/failure.hpp"
#include "tests/unit/console/fake_root.hpp"

using namespace console;

namespace {

// As little as a multiboot kernel is: its header says where it goes and where it begins.
std::string multiboot_kernel() {
    const std::uint32_t flags = 1u << 16, magic = 0x1badb002;
    const std::uint32_t header[] = {magic, flags, 0u - magic - flags, 0x100000, 0x100000, 0, 0, 0x100020};
    return {reinterpret_cast<const char *>(header), sizeof header};
}

} // namespace

TEST(VmImage, HasTheKernelAndItsEntry) {
    const test::FakeRoot root;
    root.write("/kernel", multiboot_kernel() + "code");
    root.write("/module", "a module");
    VmOptions options;
    options.kernel = root.at("/kernel");
    options.modules = {{root.at("/module"), "its text"}};
    options.memory = 16 << 20;
    const VmImage image = load_vm_image(options);
    EXPECT_EQ(image.entry.rip, 0x100020u);
    EXPECT_EQ(image.entry.gpr[0], 0x2badb002u); // EAX, multiboot 3.2
    EXPECT_EQ(image.entry.cr0 & 1, 1u);
    EXPECT_NE(image.entry.cs.attributes, 0);
    EXPECT_NE(image.entry.gdtr.limit, 0u);
    bool kernel = false, module = false;
    for (const VmImage::Part &part : image.parts) {
        const std::string text(reinterpret_cast<const char *>(part.bytes.data()), part.bytes.size());
        kernel = kernel || (part.to == 0x100000 && text.ends_with("code"));
        module = module || text.find("a module") != text.npos;
    }
    EXPECT_TRUE(kernel);
    EXPECT_TRUE(module);
}

TEST(VmImage, AMissingFileIsNamed) {
    VmOptions options;
    options.kernel = "/nonexistent/kernel";
    try {
        load_vm_image(options);
        FAIL();
    } catch (const Failure &failure) {
        EXPECT_THAT(failure.cause(), testing::HasSubstr("/nonexistent/kernel"));
    }
}
