// SPDX-License-Identifier: GPL-2.0-only
// The man page and the completions know every option that the command knows.
#include <cstdlib>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <set>
#include <sstream>

#include "console/app/command_line.hpp"
#include "console/base/file.hpp"
#include "console/device/names.hpp"
#include "console/vm/options/vm_option.hpp"
#include "tests/unit/console/fake_root.hpp"
#include "vmnix/abi/hypercall/hypercall.h"

using namespace console;

namespace {

const std::string folder = std::string(VMNIX_SCRIPTS) + "/../console/";

std::set<std::string> long_options(const char *command) {
    const char *argv[] = {"vmnix", command, "--help", nullptr};
    const std::string help = std::get<Answer>(parse_command_line(3, argv)).out;
    std::set<std::string> options;
    for (std::size_t at = 0; (at = help.find("--", at)) != help.npos;) {
        at += 2;
        const std::size_t end = help.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at);
        options.insert(help.substr(at, end - at));
    }
    return options;
}

} // namespace

class Documents : public testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(Commands, Documents,
                         testing::Values("status", "dmesg", "top", "check", "selftest", "run", "list", "info",
                                         "console", "logs", "stop", "kill", "pause", "resume", "reset", "rm", "set",
                                         "guests", "service-console"),
                         [](const auto &command) {
                             std::string name = command.param; // gtest takes letters only
                             std::erase(name, '-');
                             return name;
                         });

TEST_P(Documents, ThePageAndTheCompletionsKnowTheOptions) {
    const std::string page = read_file(folder + "vmnix.8").value();
    const std::string zsh = read_file(folder + "completion/_vmnix").value();
    const auto knows = [](const std::string &text, const std::string &what) { return text.find(what) != text.npos; };
    EXPECT_TRUE(knows(page, std::string("\n.It Cm ") + GetParam()));
    EXPECT_TRUE(knows(zsh, std::string(GetParam()) + ":"));
    EXPECT_TRUE(long_options(GetParam()).contains("help"));
    for (const std::string &option : long_options(GetParam())) {
        EXPECT_TRUE(knows(page, ", -" + option) || knows(page, ".It Fl -" + option)) << option;
        EXPECT_TRUE(knows(zsh, "--" + option)) << option;
    }
}

TEST_P(Documents, BashCompletesExactlyTheOptions) {
    const test::FakeRoot root;
    const std::string command = std::string("bash -c 'source ") + folder + "completion/vmnix; COMP_WORDS=(vmnix " +
                                GetParam() + " --); COMP_CWORD=2; _vmnix; printf \"%s\\n\" \"${COMPREPLY[@]}\"' >" +
                                root.at("/out").string();
    ASSERT_EQ(std::system(command.c_str()), 0);
    std::set<std::string> completed;
    std::istringstream lines(read_file(root.at("/out")).value());
    for (std::string line; std::getline(lines, line);)
        completed.insert(line.substr(2));
    EXPECT_EQ(completed, long_options(GetParam()));
}

TEST(DocumentsOfRun, EveryKeyOfAFileIsExplained) {
    const std::string page = read_file(folder + "vmnix.8").value();
    for (const VmOption &option : vm_options()) {
        const char *form = option.place == OptionPlace::FilesOnly ? "\n.It Li {}\n" : "\n.It Fl -{}";
        EXPECT_THAT(page, testing::HasSubstr(fmt::format(fmt::runtime(form), option.key)));
    }
}

TEST(DocumentsOfExitCodes, EveryOneIsExplained) {
    const std::string page = read_file(folder + "vmnix.8").value();
    for (int code = 0; code <= static_cast<int>(ExitCode::TimedOut); ++code)
        EXPECT_THAT(page.substr(page.find(".Sh EXIT STATUS")), testing::HasSubstr(fmt::format("\n.It {}\n", code)));
}

TEST(DocumentsOfBash, VmsAreCompletedByName) {
    const test::FakeRoot root;
    const std::string command = fmt::format(
        "bash -c 'vmnix() {{ [ \"$*\" = \"list --all --names\" ] && printf \"web\\nweb2\\ndb\\n\"; }}; source "
        "{}completion/vmnix; COMP_WORDS=(vmnix kill web w); COMP_CWORD=3; _vmnix; echo \"${{COMPREPLY[*]}}\"' >{}",
        folder, root.at("/out").string());
    ASSERT_EQ(std::system(command.c_str()), 0);
    EXPECT_EQ(read_file(root.at("/out")), "web web2\n");
}

TEST(DocumentsOfTop, EveryColumnIsExplained) {
    const std::string page = read_file(folder + "vmnix.8").value();
    const std::string columns = page.substr(page.find(".Ss The columns of top"), 1500);
    for (std::uint32_t kind = 0; kind < VMNIX_EXIT_KINDS; ++kind)
        EXPECT_THAT(columns, testing::ContainsRegex("It Sy [^\n]*\\b" + std::string(exit_name(kind).column) + "\\b"));
}
