# SPDX-License-Identifier: GPL-2.0-only
# Judges include lines. Files in order: rules, system headers, pure files, "file:line:name" with quotes or brackets.

function normal(path) {
    while (match(path, /[^\/]+\/\.\.\//))
        path = substr(path, 1, RSTART - 1) substr(path, RSTART + RLENGTH)
    return path
}

# The row of the table that a file belongs to.
function class(path, part) {
    if (path in pure)
        return "pure"
    split(path, part, "/")
    if (part[1] == "vmm")
        return part[2]
    if (part[1] == "vmnix" && part[2] == "abi")
        return part[4] != "" ? "abi/" part[3] : "abi"
    return part[1] == "vmnix" ? "module" : part[1]
}

# Where a quoted name is found, as the compilers' -I have it.
function resolve(name, from, folder) {
    if (name ~ /^(vmm|vmnix|console|tests)\//)
        return name
    if (name == "entry_checks.hpp" || name == "assertions.hpp") # one of two, by CHECKS
        return "vmm/checks/on/" name
    folder = from
    sub(/\/[^\/]*$/, "", folder)
    return normal(folder "/" name)
}

function side(row) {
    if (row == "console" || row == "module" || row == "pure")
        return row
    return row ~ /^abi/ ? "abi" : "vmm"
}

function judge_system(where, name, from, path) {
    # Linux's and the C library's headers are the module's and the command's own business.
    if ((side(from) == "vmm" || side(from) == "abi") && !((side(from), name) in system_header))
        print "bad " where ", which " side(from) " may not"
    if (name ~ /k(allsyms|probes)\.h$/)
        print "bad " where ", a way around exported symbols"
    if (from == "pure" && path != "vmnix/portable.h")
        print "bad " where ": pure sources see the system through portable.h only"
}

FNR == 1 { file++ }
file == 1 { for (i = 2; i <= NF; i++) allowed[$1, $i]; known[$1]; next }
file == 2 { system_header[$1, $2]; next }
file == 3 { pure[$1]; next }
{
    split($0, at, ":")
    from = class(at[1])
    name = substr(at[3], 2, length(at[3]) - 2)
    where = at[1] ":" at[2] " includes " name
    seen[side(from)]++
    if (!(from in known)) {
        print "bad " where ": no row of the table is for " from
    } else if (at[3] ~ /^</) {
        judge_system(where, name, from, at[1])
    } else {
        to = class(resolve(name, at[1]))
        if (to != from && !((from, to) in allowed))
            print "bad " where ": " from " may not include " to
    }
}
END {
    printf "ok include lines: %d in vmm/, %d in vmnix/abi/, %d in vmnix/, %d in its pure sources, %d in console/\n",
        seen["vmm"], seen["abi"], seen["module"], seen["pure"], seen["console"]
}
