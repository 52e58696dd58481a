# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of scripts/audit-boundary
# What the linked image shows of itself.

# Rights and page borders of the loaded segments: "flags first-page last-page".
segments() {
    readelf -lW "$image" | awk '$1 == "LOAD" {
        flags = ""
        for (i = 7; i < NF; i++) flags = flags $i
        print flags, $3, $6
    }'
}

audit_segments() {
    local flags address size none=$((1 << 63)) last=$((1 << 63)) # addresses are negative here
    while read -r flags address size; do
        evidence "segment $flags at $address, $((size)) bytes"
        [[ $flags != *W*E* ]] || violation "a segment is both writable and executable"
        [ "$((address >> 12))" -gt "$last" ] || violation "two segments share the page of $address"
        last=$(((address + size - 1) >> 12))
    done < <(segments)
    [ "$last" != "$none" ] || violation "the image has no segments"
}

audit_elf() {
    local undefined
    undefined=$(nm -u "$image" | awk '{ print $NF }')
    evidence "undefined symbols: $(wc -w <<<"$undefined")"
    violations "undefined symbol " < <(printf '%s' "${undefined:+$undefined
}")
    if readelf -rW "$image" | grep -q 'There are no relocations'; then
        evidence "relocations: 0"
    else
        violation "the image has relocations"
    fi
    ! readelf -lW "$image" | grep -qE '^ *(INTERP|DYNAMIC|TLS) ' || violation "the image wants a dynamic linker"
    audit_segments
}

# Names of structures, unions, classes and enumerations that a file's debug information has.
type_names() {
    readelf --debug-dump=info "$1" 2>/dev/null | awk '
        /Abbrev Number/ { kind = /DW_TAG_(structure|union|class|enumeration)_type/ }
        kind && /DW_AT_name/ { print $NF }' | sort -u
}

# Every file name that the line tables know; DWARF 5 keeps them in one section.
source_names() { readelf -p .debug_line_str "$1" | sed -nE "s/^ *\[ *[0-9a-f]+\]  //; T; s|^$PWD/*||; p"; }

audit_debug_information() {
    local names foreign
    names=$(source_names "$image")
    foreign=$(grep -E '(^|/)(linux|asm|asm-generic|uapi|linux-[^/]*)(/|$)' <<<"$names" || true)
    evidence "file and folder names in the debug information: $(wc -l <<<"$names"), of Linux: $(wc -w <<<"$foreign")"
    [ -n "$names" ] || violation "the image has no debug information to look at"
    violations "debug information names " < <(printf '%s' "${foreign:+$foreign
}")
}

# The exit path: all that the two exit loops and their svm_exit and vmx_exit reach, short of leaving for good. Nothing a
# guest does may steer a branch there, so none is indirect.
audit_exit_path() {
    local answers
    answers=$(objdump -d --no-show-raw-insn "$image" | awk -f "$here/audit.d/exit-path.awk")
    evidence "$(sed -n 's/^ok //p' <<<"$answers")"
    violations "on the exit path, an indirect branch in " < <(sed -n 's/^bad //p' <<<"$answers")
}
