// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdlib>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "console/base/file.hpp"
#include "tests/unit/console/fake_root.hpp"

namespace console::test {

struct Result {
    int code;
    std::string out, err;
};

// scripts/vmnix-service below a fake root, with programs in place of modprobe and its like that change files there and
// write down how they were called. The parameter is the shell.
class ServiceTest : public testing::TestWithParam<const char *> {
  protected:
    ServiceTest() {
        root.write("/proc/cmdline", "quiet\n");
        root.write("/proc/sys/kernel/random/boot_id", "this-boot\n");
        root.write("/lib/modules/6.12.1/extra/vmkmod.ko", "");
        program("uname", "echo 6.12.1");
        program("dmesg", "cat \"$VMNIX_ROOT/log\"");
        program("sync", "echo sync >>\"$VMNIX_ROOT/calls\"");
        program("rmmod", R"(echo "rmmod $*" >>"$VMNIX_ROOT/calls"
if [ -e "$VMNIX_ROOT/rmmod-error" ]; then cat "$VMNIX_ROOT/rmmod-error" >&2; exit 1; fi
rm -r "$VMNIX_ROOT/sys/module/$1")");
        const std::string load = R"(echo "${0##*/} $*" >>"$VMNIX_ROOT/calls"
[ ! -e "$VMNIX_ROOT/var/lib/vmnix/launching" ] || echo marked >>"$VMNIX_ROOT/calls"
[ ! -e "$VMNIX_ROOT/load-log" ] || cat "$VMNIX_ROOT/load-log" >>"$VMNIX_ROOT/log"
if [ -e "$VMNIX_ROOT/load-error" ]; then cat "$VMNIX_ROOT/load-error" >&2; exit 1; fi
[ ! -e "$VMNIX_ROOT/load-kill" ] || kill -9 $$
name=${1##*/} name=${name%.ko}
mkdir -p "$VMNIX_ROOT/sys/module/$name"
echo live >"$VMNIX_ROOT/sys/module/$name/initstate"
echo 0 >"$VMNIX_ROOT/sys/module/$name/refcnt")";
        program("modprobe", load);
        program("insmod", load);
        root.write("/log", "[    0.000000] Linux version 6.12.1\n");
    }

    void program(const std::string &name, const std::string &body) {
        root.write("/bin/" + name, "#!/bin/sh\n" + body + "\n");
        std::filesystem::permissions(root.at("/bin/" + name), std::filesystem::perms::owner_all);
    }
    void load_module(const std::string &name, unsigned uses, const std::string &state = "live") {
        root.write("/sys/module/" + name + "/initstate", state + "\n");
        root.write("/sys/module/" + name + "/refcnt", fmt::format("{}\n", uses));
    }
    void open_by(unsigned pid, const std::string &name, const std::string &file) {
        const std::string process = fmt::format("/proc/{}", pid);
        root.write(process + "/comm", name + "\n");
        std::filesystem::create_directories(root.at(process + "/fd"));
        std::filesystem::create_symlink(file, root.at(process + "/fd/3"));
    }
    Result run(const std::string &arguments, const std::string &script = "vmnix-service") {
        const std::string command =
            fmt::format("env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin VMNIX_ROOT='{0}' VMNIX_SERVICE='{3}/vmnix-service' "
                        "{1} '{3}/{2}' {4} >'{0}/out' 2>'{0}/err' </dev/null",
                        root.path().string(), GetParam(), script, VMNIX_SCRIPTS, arguments);
        const int status = std::system(command.c_str());
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text("/out"), text("/err")};
    }
    std::string text(const std::string &file) const { return read_file(root.at(file)).value_or(""); }
    std::string calls() const { return text("/calls"); }
    bool exists(const std::string &file) const { return std::filesystem::exists(root.at(file)); }

    FakeRoot root;
    const std::string marker = "/var/lib/vmnix/launching";
};

} // namespace console::test
