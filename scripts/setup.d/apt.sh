# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of scripts/setup
# An apt state of our own below build/apt: other suites can be asked for packages without the machine's own apt ever
# seeing them. Uses $build, $codename, $release of scripts/setup.

apt_dir() { echo "$build/apt"; }

# apt with our lists, cache and sources. The machine's preferences do not apply (they pin its own suites); its proxy and
# other settings do. The sandbox user of apt cannot reach a build folder below a home folder, hence none; signatures
# are checked all the same.
private_apt() {
    local command=$1 dir
    shift
    dir=$(apt_dir)
    "$command" -q -o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir/cache" \
        -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
        -o APT::Sandbox::User=root -o Debug::NoLocking=1 -o APT::Get::List-Cleanup=0 "$@"
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

# Our sources: the machine's own addresses, with the suites that it lacks beside those that it has.
derived_sources() {
    local options address suite
    machine_sources | while IFS='|' read -r options address suite; do
        case $suite in
        "$codename" | stable | oldstable)
            case $release in
            12) echo "deb $options $address bookworm main" && echo "deb $options $address bookworm-backports main" ;;
            13) echo "deb $options $address trixie main" && echo "deb $options $address bookworm main" ;;
            esac ;;
        "$codename-security" | stable-security | oldstable-security)
            echo "deb $options $address $codename-security main"
            [ "$release" = 12 ] || echo "deb $options $address bookworm-security main" ;;
        esac
    done | tr -s ' ' | sort -u
}

private_update() {
    local dir
    dir=$(apt_dir)
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
    derived_sources >"$dir/sources.list"
    [ -s "$dir/sources.list" ] || die "no source of Debian's $codename in /etc/apt: add one and try again"
    say "asking the suites for what this machine does not have:"
    sed 's/^/    /' "$dir/sources.list"
    private_apt apt-get update
}
