# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2030,SC2031,SC2034 # variables of scripts/audit-boundary, set for one check each
# An audit that cannot fail shows nothing. Each line below breaks the border in a copy of the sources, or hands the audit
# a binary that breaks it, and names what the audit has to say.

# try WHAT SAYS CHECK...: runs one check, whose violation must contain SAYS.
try() {
    local what=$1 says=$2 output
    shift 2
    output=$("$@" 2>&1 | grep VIOLATION || true)
    if grep -qF -- "$says" <<<"$output"; then
        evidence "seen: $what"
    else
        violation "not seen: $what; instead '$output'"
    fi
}

# try_line FILE LINE SAYS [CHECK]: the same with a line put into a source, for as long as the check runs.
try_line() {
    cp "$1" "$scratch/saved"
    printf '%s\n' "$2" >>"$1"
    try "$1 with ${2//$'\n'/; }" "$3" "${4:-audit_includes}"
    cp "$scratch/saved" "$1"
}

mutate_sources() {
    try_line vmm/base/types.hpp '#include <linux/types.h>' 'linux/types.h, which vmm may not'
    try_line vmm/core/cpu.hpp '#include "vmnix/vmnix.h"' 'core may not include module'
    try_line vmm/base/bits.hpp '#include "vmm/core/cpu.hpp"' 'base may not include core'
    try_line vmm/core/launch.cpp '#include "vmm/svm/vmcb.hpp"' 'core may not include svm'
    try_line vmm/apic/ipi.hpp '#include "vmm/x86/intrinsics.hpp"' 'apic may not include x86'
    try_line vmnix/vmnix.h '#include "../vmm/base/types.hpp"' 'module may not include base'
    try_line vmnix/abi/types.h '#include "../vmnix.h"' 'abi may not include module'
    try_line vmnix/elf.c '#include <linux/slab.h>' 'portable.h only'
    try_line vmnix/main.c '#include <linux/kprobes.h>' 'a way around exported symbols'
    try_line console/main.cpp '#include "vmnix/reserve.h"' 'console may not include module'
    try_line vmm/base/bits.hpp $'#define HIDDEN <linux/types.h>\n#include HIDDEN' 'linux/types.h' audit_dependencies
}

# object NAME TEXT: assembles.
object() { as -o "$scratch/$1" <<<"$2"; }

# The image's program header N (from 0) with the bytes at OFFSET replaced.
patched_header() {
    cp "$image" "$scratch/patched"
    # shellcheck disable=SC2059 # the bytes are escapes
    printf "$3" | dd of="$scratch/patched" bs=1 seek=$((64 + 56 * $1 + $2)) conv=notrunc status=none
}

mutate_image() {
    object unlinked 'call missing'
    image=$scratch/unlinked try "an undefined symbol" 'undefined symbol missing' audit_elf
    image=$scratch/unlinked try "a relocation" 'has relocations' audit_elf
    patched_header 2 4 '\007'
    image=$scratch/patched try "a writable and executable segment" 'both writable and executable' audit_elf
    patched_header 1 16 '\0\0\0\200\377\377\377\377'
    image=$scratch/patched try "segments that share a page" 'share the page' audit_elf
    object loop $'.globl svm_run,svm_vmrun,svm_exit\nsvm_run: nop\nsvm_vmrun: ret\nsvm_exit: call *%rax'
    image=$scratch/loop try "an indirect call on the exit path" 'svm_exit at' audit_exit_path
    mkdir -p "$scratch/include/linux"
    echo 'struct list_head { struct list_head *next, *prev; };' >"$scratch/include/linux/list.h"
    gcc -g -c -x c -I "$scratch/include" -o "$scratch/typed" - <<<$'#include <linux/list.h>\nstruct list_head head;'
    image=$scratch/typed try "debug information that names Linux" 'include/linux' audit_debug_information
    image=$scratch/typed try "a type of Linux's" 'list_head' audit_shared_types "$series"
}

mutate_module() {
    local AUDIT_SYMVERS=$scratch/symvers AUDIT_MODULES=$build/modules
    grep -vP '\talloc_contig_range(_noprof)?\t' "$(AUDIT_SYMVERS='' symvers_of "$series")" >"$AUDIT_SYMVERS"
    try "an import that is not exported" 'not exported by vmlinux: alloc_contig_range' audit_imports "$series"
    AUDIT_MODULES=$scratch
    mkdir -p "$scratch/$series"
    object "$series/vmkmod.ko" $'call kallsyms_lookup_name\n.section .text..vmnix_stub,"ax"\ncall missing'
    try "a call of kallsyms_lookup_name" 'a way around exports: kallsyms_lookup_name' audit_imports "$series"
    try "a stub that is no page" 'is not one page' audit_stub "$series"
    try "a stub with relocations" 'has relocations' audit_stub "$series"
    try "a stub without its entries" 'has not its seven entries' audit_stub "$series"
}

mutate_all() {
    local scratch series=${kernels##* }
    scratch=$(mktemp -d)
    # shellcheck disable=SC2064 # now
    trap "rm -rf '$scratch'" EXIT
    mkdir "$scratch/tree"
    cp -r vmm vmnix console kbuild "$scratch/tree"
    cd "$scratch/tree" || return
    section "Unbroken, so that what follows is seen for its own sake"
    audit
    section "Broken"
    mutate_sources
    mutate_image
    mutate_module
    echo
    if [ -n "$failed" ]; then
        echo "The audit does not see everything."
        return 1
    fi
    echo "The audit sees each."
}
