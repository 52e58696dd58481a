# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of scripts/audit-boundary
# What includes what: by the include lines of all sources, and by what the preprocessor opens for the VMM.

# C++ headers that need no runtime, and what the ABI's headers may take from the system on either side.
system_headers() {
    local name
    for name in algorithm array atomic bit charconv compare concepts cstddef cstdint limits new span string_view \
        type_traits utility variant; do echo "vmm $name"; done
    for name in stdint.h linux/types.h linux/ioctl.h sys/ioctl.h; do echo "abi $name"; done
}

pure_files() {
    local source
    printf '%s\n' vmnix/{portable,preflight,preflight_rows}.h
    for source in $(ask MODULE_PURE); do printf '%s\n' "$source" "${source%.c}.h"; done
}

# "file:line:name", with the name's quotes or brackets.
include_lines() {
    find vmm vmnix console -type f \( -name '*.[chS]' -o -name '*.[ch]pp' \) -print0 |
        xargs -0 grep -HnoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*("[^"]+"|<[^>]+>)' |
        sed -E 's/:[[:space:]]*#[[:space:]]*include[[:space:]]*/:/'
}

audit_includes() {
    local answers
    answers=$(awk -f "$here/audit.d/includes.awk" \
        <(grep -v '^#' "$here/audit.d/include-rules") <(system_headers) <(pure_files) <(include_lines))
    while read -r line; do evidence "${line#ok }"; done < <(grep '^ok ' <<<"$answers")
    violations < <(sed -n 's/^bad //p' <<<"$answers")
}

compile() { eval "g++ $vmm_flags -I. -Ivmm/checks/off $*"; } # the flags are quoted for a shell

# Every file that the preprocessor opens for the sources named on standard input: -M, so system headers too. Ours are
# relative.
opened() {
    local source
    while read -r source; do
        compile "-M $source" || echo "$source-does-not-compile"
    done | tr -s '\\ ' '\n' | grep -vE '^$|\.o:$' | xargs -r realpath -m | sed "s|^$PWD/||" | sort -u
}

of_linux='/(linux|asm|asm-generic|uapi|linux-[^/]*)/|-does-not-compile$'

# libstdc++'s <atomic> takes the numbers of system calls from the C library, which has them from Linux. That much comes
# with the standard headers alone, and none of it is in the image: see its debug information. Nothing else may come.
audit_dependencies() {
    local files vmm_flags by_library alone
    vmm_flags="$(ask VMM_CXXFLAGS) $(ask VMM_DEFINES)"
    alone=$(mktemp --suffix=.cpp)
    system_headers | sed -n 's/^vmm \(.*\)/#include <\1>/p' >"$alone"
    by_library=$(opened <<<"$alone" | grep -E "$of_linux" || true)
    rm "$alone"
    files=$(ask VMM_SOURCES | tr ' ' '\n' | opened)
    evidence "$(grep -c '^vmm/' <<<"$files") files of vmm/, $(grep -c '^vmnix/abi/' <<<"$files") of" \
        "vmnix/abi/, $(grep -c '^/' <<<"$files") of the compiler and its libraries"
    evidence "of Linux by the standard headers: $(grep -c . <<<"$by_library"), by the VMM:" \
        "$(grep -E "$of_linux" <<<"$files" | grep -vcxF "$by_library")"
    violations "the VMM includes " < <(grep -E "$of_linux" <<<"$files" | grep -vxF "$by_library")
    violations "the VMM includes " < <(grep -v '^/' <<<"$files" | grep -vE '^(vmm|vmnix/abi)/')
}
