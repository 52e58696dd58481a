# SPDX-License-Identifier: GPL-2.0-only
# Reads a disassembly; follows direct calls and jumps from the exit loop and tells of indirect ones on the way. Leaving
# the VMM ends the walk: it happens once, and calls the backend through its table.

/^[0-9a-f]+ <.*>:$/ {
    function_name = $2
    gsub(/[<>:]/, "", function_name)
    functions[function_name]
    next
}
/\t(call|jmp|j[a-z]+) / {
    operand = $0
    sub(/.*\t(call|j[a-z]+) +/, "", operand)
    if (operand ~ /^\*/)
        indirect[function_name] = indirect[function_name] "\n" $1
    else if (match(operand, /<[^>+]+/))
        edges[function_name] = edges[function_name] " " substr(operand, RSTART + 1, RLENGTH - 1)
}
END {
    # The loops fall through their labels.
    count = split("svm_run svm_vmrun svm_exit vmx_run vmm_entry_begin vmm_entry_end vmx_exited vmx_exit", todo, " ")
    for (i = 1; i <= count; i++) {
        if (!(todo[i] in functions))
            print "bad an image without " todo[i]
        reached[todo[i]]
    }
    for (i = 1; i <= count; i++) {
        if (todo[i] ~ /agree_to_leave/) {
            stops++
            continue
        }
        walked++
        if (todo[i] in indirect)
            print "bad " todo[i] " at" indirect[todo[i]]
        n = split(edges[todo[i]], next_ones, " ")
        for (j = 1; j <= n; j++)
            if (!(next_ones[j] in reached)) {
                reached[next_ones[j]]
                todo[++count] = next_ones[j]
            }
    }
    if (walked < 10 || stops != 1)
        print "bad a walk that did not find the exit path"
    printf "ok %d functions on the exit path; indirect branches in the whole image: %d functions have some\n", walked,
        length(indirect)
}
