# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of its reader
# Bochs, built below build/private from Debian's source: its package loses interrupts of guests, as nothing above a CPU
# can mend (docs/decisions/0027-bochs.md). Uses $private, $apt_dir and apt.sh of its reader.

bochs_version=3.0
bochs_tree=$private/bochs-built

# What a complete build is marked with.
bochs_mark() { sha256sum <scripts/setup.d/bochs.sh && echo "$bochs_tree"; }
bochs_is_ready() { [ -r "$bochs_tree/.mark" ] && [ "$(bochs_mark)" = "$(cat "$bochs_tree/.mark")" ]; }

# "version sha256 name" of the archive of the original source, as Debian's signed index of sources has it.
bochs_archive() {
    private_apt apt-cache showsrc bochs | awk -v wanted="$bochs_version" '
        /^[^ ]/ { sums = 0 }
        /^Version: / { here = index($2, wanted) == 1; version = $2 }
        /^Checksums-Sha256:/ { sums = here; next }
        sums && /\.orig\.tar\.[a-z0-9]+$/ { print version, $1, $3; exit }'
}

# after FILE LINE NEW: puts NEW behind the only line of FILE that is LINE.
after() {
    [ "$(grep -cxF -- "$2" "$1")" = 1 ] || die "Bochs' $1 is not as expected"
    awk -v line="$2" -v new="$3" '{ print } $0 == line { print new }' "$1" >"$1.new" && mv "$1.new" "$1"
}

# instead FILE OLD NEW: NEW takes the place of OLD, which is in one line only.
instead() {
    [ "$(grep -cF -- "$2" "$1")" = 1 ] || die "Bochs' $1 is not as expected"
    local text
    text=$(<"$1")
    printf '%s\n' "${text/"$2"/"$3"}" >"$1.new" && mv "$1.new" "$1"
}

# An entry takes over the guest's view of what may interrupt it, also when IF is as it was in the host. With several CPUs
# an exit for an interrupt right after an exception saves the RIP of that boundary. An interrupt window that is waited for
# wakes a guest that sleeps, as an interrupt does (SDM vol. 3, 26.2). Equal runs have equal random numbers.
mend_bochs() {
    instead cpu/event.cc 'is_pending(BX_EVENT_PENDING_INTR | BX_EVENT_PENDING_LAPIC_INTR | BX_EVENT_PENDING_UINTR) &&' \
        'is_pending(BX_EVENT_VMX_INTERRUPT_WINDOW_EXITING | BX_EVENT_PENDING_INTR | BX_EVENT_PENDING_LAPIC_INTR |
            BX_EVENT_PENDING_UINTR) &&'
    after cpu/svm.cc '  BX_CPU_THIS_PTR in_svm_guest = true;' '  handleInterruptMaskChange();'
    after cpu/vmx.cc '  BX_CPU_THIS_PTR in_vmx_guest = true;' '  handleInterruptMaskChange();'
    after cpu/cpu.cc 'void BX_CPU_C::cpu_run_trace(void)' '{ prev_rip = RIP; speculative_rsp = false;'
    sed -i '/^{ prev_rip = RIP;/{n;d}' cpu/cpu.cc
    instead cpu/init.cc 'srand(time(NULL));' 'srand(1);'
}

# Without a display, plugins and a debugger: it needs no library but C++'s.
configure_bochs() {
    ./configure --with-nogui --disable-docbook --enable-all-optimizations --enable-cpu-level=6 --enable-x86-64 \
        --enable-smp --enable-vmx=2 --enable-svm --enable-avx --enable-evex --enable-amx --enable-cet --enable-uintr \
        --enable-protection-keys --enable-monitor-mwait --enable-memtype --enable-fpu --enable-pci \
        CFLAGS='-O2' CXXFLAGS='-O2 -DNDEBUG'
}

build_bochs() {
    local version sum name source=$private/bochs-source
    say "asking for the source of Bochs"
    private_update emulator deb-src
    read -r version sum name < <(bochs_archive) || die "no suite has the source of Bochs $bochs_version"
    rm -rf "${source:?}" "${bochs_tree:?}"
    mkdir -p "$source" "$bochs_tree"
    (
        cd "$source"
        # The other parts of Debian's source are not needed, should they be missing.
        private_apt apt-get source --download-only "bochs=$version" >apt.log 2>&1 || true
        [ -r "$name" ] || die "$name could not be fetched: $(tail -n 3 apt.log)"
        echo "$sum  $name" | sha256sum --quiet --check - || die "$name is damaged"
        tar -xf "$name" --strip-components=1
        mend_bochs
        say "building Bochs: two minutes on two CPUs"
        { configure_bochs && make -j"$(nproc)"; } >build.log 2>&1 || die "Bochs does not build: see $source/build.log"
        cp bochs COPYING "$bochs_tree"
    )
    rm -rf "$source"
    bochs_mark >"$bochs_tree/.mark"
}
