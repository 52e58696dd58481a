# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of scripts/audit-boundary
# What the module takes from Linux, and what it shares with the VMM.

symvers_of() {
    local folder
    folder=$(ask "KDIR_$1")
    echo "${AUDIT_SYMVERS:-$folder/Module.symvers}"
}

# Each symbol that the module wants must be one that the kernel itself exports, to all or to GPL modules.
audit_imports() {
    local module symvers imports
    module=$(module_of "$1")
    symvers=$(symvers_of "$1")
    imports=$(nm -u "$module" | awk '{ print $NF }' | sort -u)
    evidence "$(awk 'NR == FNR { wanted[$1]; next }
        $2 in wanted && $3 == "vmlinux" { count[$4]++; total++ }
        END { printf "%d symbols imported, %d exported by vmlinux: %d to all, %d to GPL modules", length(wanted), total,
              count["EXPORT_SYMBOL"], count["EXPORT_SYMBOL_GPL"] }' <(echo "$imports") "$symvers")"
    [ -n "$imports" ] || violation "the module imports nothing, which cannot be"
    violations "not exported by vmlinux: " < <(awk 'NR == FNR { if ($3 == "vmlinux") exported[$2]; next }
        !($1 in exported)' "$symvers" <(echo "$imports"))
    violations "a way around exports: " < <(grep -E 'kallsyms|kprobe|ksym|ftrace_set_filter|livepatch' <<<"$imports")
    violations "a name looked up at run time: " < <(strings -a "$module" | grep -E '^kallsyms_|^register_k(ret)?probe')
}

stub_section=.text..vmnix_stub

# The one page of code that both sides execute. Without relocations it runs as it is here, save what Linux itself
# patches (ENDBR where it is not needed, the hypercall by vendor); the VMM executes a copy.
audit_stub() {
    local module bytes size symbols
    module=$(module_of "$1")
    bytes=$(mktemp)
    objcopy -O binary --only-section="$stub_section" "$module" "$bytes"
    size=$(stat -c %s "$bytes")
    symbols=$(readelf -sW "$module" | awk '$5 == "GLOBAL" && $8 ~ /^vmnix_(switch|stub)_/ { print $8 "+0x" $2 }' |
        sed -E 's/[+]0x0+(.)/+0x\1/' | sort | tr '\n' ' ')
    evidence "switch stub: section $stub_section, $size bytes, sha256 $(sha256sum <"$bytes" | cut -d ' ' -f 1)"
    evidence "  $symbols"
    [ "$size" = 4096 ] || violation "the switch stub is not one page"
    [ "$(wc -w <<<"$symbols")" = 7 ] || violation "the switch stub has not its seven entries"
    ! readelf -SW "$module" | grep -qF ".rela$stub_section " || violation "the switch stub has relocations"
    rm "$bytes"
}

# Types of one name on both sides: only the ABI's.
audit_shared_types() {
    local shared
    shared=$(comm -12 <(type_names "$image") <(type_names "$(module_of "$1")") | grep -vx __va_list_tag) # the compiler's
    evidence "types of one name in module and image: $(grep -c '^vmnix_' <<<"$shared") vmnix_*," \
        "$(grep -vc '^vmnix_' <<<"$shared") others"
    violations "a type that both sides have and the ABI has not: " < <(grep -v '^vmnix_' <<<"$shared")
}
