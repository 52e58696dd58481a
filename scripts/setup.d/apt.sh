# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of its reader
# An apt state of our own below build/: other suites can be asked for packages without the machine's own apt ever seeing
# them. Read by scripts/setup and scripts/check-packages, which set $build, $codename, $release, $apt_dir, $apt_options.

# apt with our lists, cache and sources. The machine's preferences do not apply (they pin its own suites); its proxy and
# other settings do. The sandbox user of apt cannot reach a build folder below a home folder, hence none; signatures
# are checked all the same.
private_apt() {
    local command=$1
    shift
    "$command" -q -o Dir::State::lists="$apt_dir/lists" -o Dir::Cache="$apt_dir/cache" \
        -o Dir::Etc::sourcelist="$apt_dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
        -o APT::Sandbox::User=root -o Debug::NoLocking=1 "${apt_options[@]}" "$@"
}

# Every package source of this machine as "options|address|suite", from both formats that apt has.
machine_sources() {
    local etc=/etc/apt file
    for file in "$etc/sources.list" "$etc"/sources.list.d/*.list; do
        [ -r "$file" ] || continue
        sed -nE 's/^[[:space:]]*deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+)[[:space:]]+([^[:space:]]+).*/\1|\2|\3/p' "$file"
    done
    for file in "$etc"/sources.list.d/*.sources; do
        [ -r "$file" ] && deb822_sources "$file"
    done
    return 0
}

# The stanzas of a *.sources file as one-line sources. A key that is written out in the file (Signed-By of several
# lines) is left out: apt then uses the machine's trusted keys.
deb822_sources() {
    awk '
        function flush(  i, j, n, m, u, s, o) {
            n = split(field["uris"], u, " "); m = split(field["suites"], s, " ")
            o = field["signed-by"] ~ /^\// ? "signed-by=" field["signed-by"] : ""
            if (field["trusted"] != "") o = o " trusted=" field["trusted"]
            if (field["check-valid-until"] != "") o = o " check-valid-until=" field["check-valid-until"]
            gsub(/^ +/, "", o)
            if (field["types"] ~ /(^| )deb( |$)/ && field["enabled"] !~ /^no/)
                for (i = 1; i <= n; i++) for (j = 1; j <= m; j++) print (o == "" ? "" : "[" o "]") "|" u[i] "|" s[j]
            delete field
        }
        /^#/ { next }
        /^[[:space:]]*$/ { flush(); next }
        /^[^[:space:]:]+:/ {
            key = tolower($0); sub(/:.*/, "", key)
            value = $0; sub(/^[^:]*:[[:space:]]*/, "", value); sub(/[[:space:]]+$/, "", value)
            field[key] = value; next
        }
        { value = $0; gsub(/^[[:space:]]+|[[:space:]]+$/, "", value); field[key] = field[key] " " value }
        END { flush() }' "$1"
}

# The suites of Debian $release: "own" are those that a machine of it has, "private" adds those that hold what it lacks.
# "emulator" is the same for both.
suites() {
    case $release/$1 in
    */emulator) printf '%s\n' trixie trixie-security trixie-backports ;;
    12/own) printf '%s\n' bookworm bookworm-security ;;
    12/private) printf '%s\n' bookworm bookworm-backports bookworm-security ;;
    13/own) printf '%s\n' trixie trixie-security ;;
    13/private) printf '%s\n' trixie trixie-security bookworm bookworm-security ;;
    esac
}

# One-line sources of these suites, at the addresses that this machine has for its own.
derived_sources() {
    local kind=$1 options address suite name
    machine_sources | grep -v '|cdrom:' | while IFS='|' read -r options address suite; do
        case $suite in
        "$codename" | stable | oldstable) suites "$kind" | grep -v -- '-security$' || true ;;
        "$codename-security" | stable-security | oldstable-security) suites "$kind" | grep -- '-security$' || true ;;
        esac | while read -r name; do echo "deb $options $address $name main"; done
    done | tr -s ' ' | sort -u
}

# private_update own|private|emulator [deb-src]: fetches the lists of these suites, or of their sources.
private_update() {
    mkdir -p "$apt_dir/lists/partial" "$apt_dir/cache/archives/partial"
    derived_sources "$1" | sed "s/^deb /${2:-deb} /" >"$apt_dir/sources.list"
    [ -s "$apt_dir/sources.list" ] || die "no source of Debian's $codename in /etc/apt: add one and try again"
    private_apt apt-get update
}
