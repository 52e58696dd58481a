# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of scripts/setup
# The last step of scripts/setup: the emulators' wrappers and make's variables. Uses $build, $private, $root.

# write_tool NAME: standard input as build/tools/NAME, which must answer --help. libvirt probes an emulator again when its
# time stamp changes: an equal file is left alone.
write_tool() {
    local tool=$build/tools/$1
    cat >"$tool.new"
    chmod +x "$tool.new"
    if cmp -s "$tool.new" "$tool"; then rm "$tool.new"; else mv "$tool.new" "$tool"; fi
    "$tool" --help >/dev/null 2>&1 || die "$tool does not run: remove $private and try again"
}

# One path for each emulator wherever it comes from.
write_tools() {
    mkdir -p "$build/tools"
    write_tool qemu-system-x86_64 <<'EOF'
#!/bin/sh
# Runs the unpacked emulator with its own loader, libraries, modules and firmware.
tree=$(dirname "$(readlink -f "$0")")/../private/qemu
lib=$tree/usr/lib/x86_64-linux-gnu
export QEMU_MODULE_DIR="$lib/qemu"
exec "$lib/ld-linux-x86-64.so.2" --library-path "$lib" "$tree/usr/bin/qemu-system-x86_64" \
    -L "$tree/usr/share/qemu" -L "$tree/usr/share/seabios" -L "$tree/usr/lib/ipxe/qemu" "$@"
EOF
    write_tool bochs <<'EOF'
#!/bin/sh
# Runs the emulator that scripts/setup built. Firmware is named in its configuration.
private=$(dirname "$(readlink -f "$0")")/../private
export BXSHARE="$private/bochs/usr/share/bochs"
exec "$private/bochs-built/bochs" "$@"
EOF
    "$build/tools/qemu-system-x86_64" --version >"$build/tools/qemu.version"
}

kernel_variables() {
    local series=$1 tree=$private/kernel-$1 release modules
    release=$(basename "$(echo "$tree"/boot/vmlinuz-*)" | sed 's/^vmlinuz-//')
    modules=$tree/usr/lib/modules/$release # Debian 13
    [ -d "$modules" ] || modules=$tree/lib/modules/$release
    cat <<EOF
KRELEASE_$series := $release
KDIR_$series := $tree/usr/src/linux-headers-$release
VMLINUZ_$series := $tree/boot/vmlinuz-$release
MODULES_$series := $modules
EOF
}

write_setup_mk() {
    local series file=$build/setup.mk
    {
        echo "# Written by scripts/setup; not to be edited."
        echo "SETUP_ROOT := $root"
        echo "QEMU := $build/tools/qemu-system-x86_64"
        echo "BOCHS := $build/tools/bochs"
        echo "CONSOLE_TREE := $private/console"
        echo "MEMTEST := $private/memtest/boot/memtest86+x64.bin"
        echo "KERNELS := 6.1 6.12"
        for series in 6.1 6.12; do kernel_variables "$series"; done
    } >"$file.new"
    if cmp -s "$file.new" "$file"; then rm "$file.new"; else mv "$file.new" "$file"; fi
}
