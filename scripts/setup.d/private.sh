# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of its reader
# Folders below build/private: Debian packages, unpacked and not installed. Uses $private of its reader.

# The lines of package lists without comments.
list() { local file; for file; do sed 's/#.*//; /^[[:space:]]*$/d' "scripts/packages/$file"; done; }

private_lists=(private-common private-emulator)

# Every folder that they name.
trees() { list "${private_lists[@]}" | awk '{ print $1 }' | uniq; }

# What they ask for in one folder: "package version-prefix needs".
wanted() { list "${private_lists[@]}" | awk -v tree="$1" '$1 == tree { print $2, $3, $4 }'; }

# Which suites have it, see suites().
kind_of() { if list private-emulator | grep -q "^$1 "; then echo emulator; else echo private; fi; }

# What a complete folder is marked with: the wishes that it fulfils, and its place, which some of its files contain.
mark() { wanted "$1" && echo "$private/$1"; }
tree_is_ready() { [ -r "$private/$1/.mark" ] && [ "$(mark "$1")" = "$(cat "$private/$1/.mark")" ]; }

# The newest version of package $1 that begins with $2.
version_of() {
    private_apt apt-cache madison "$1" | awk -F' *[|] *' -v prefix="${2#-}" 'index($2, prefix) == 1 { print $2 }' |
        sort -rV | head -n 1
}

# "name=version" of the linux-* packages that $1 of version $2 depends on, itself included.
linux_closure() {
    local dependency name version
    echo "$1=$2"
    private_apt apt-cache show "$1=$2" | sed -n 's/^Depends: //p' | head -n 1 | tr ',' '\n' | sed 's/|.*//' |
        while read -r dependency; do
            name=${dependency%% *}
            version=$(sed -nE 's/.*\(= ([^)]*)\).*/\1/p' <<<"$dependency")
            case $name in
            linux-base* | linux-compiler-*) continue ;;
            linux-*) linux_closure "$name" "${version:-$(version_of "$name" -)}" ;;
            esac
        done
}

# "name=version" of package $1 of version $2 and of each dependency that the machine does not have; further arguments
# are apt's. What comes from the backports suite has dependencies there, which apt takes only when told.
full_closure() {
    local options=("${@:3}") suite
    suite=$(private_apt apt-cache madison "$1" | grep -F "| $2 |" | grep -oE '[a-z]+-backports' | head -n 1) || true
    [ -z "$suite" ] || options+=(-t "$suite")
    private_apt apt-get "${options[@]}" -s --no-install-recommends --reinstall install "$1=$2" |
        sed -nE 's/^Inst ([^ ]+) (\[[^]]*\] )?\(([^ ]+) .*/\1=\3/p'
}

closure() {
    local package prefix needs version
    while read -r package prefix needs; do
        version=$(version_of "$package" "$prefix")
        [ -n "$version" ] || { echo "setup: no suite has $package $prefix* (or none could be reached)" >&2 && return 1; }
        case $needs in
        linux) linux_closure "$package" "$version" ;;
        all) full_closure "$package" "$version" ;;
        world) full_closure "$package" "$version" -o Dir::State::status=/dev/null ;;
        none) echo "$package=$version" ;;
        esac
    done | sort -u
}

fetch_tree() {
    local tree=$1 debs=$private/$1.debs names deb
    say "fetching $tree"
    names=$(wanted "$tree" | closure)
    rm -rf "${private:?}/$tree" "$debs"
    mkdir -p "$private/$tree" "$debs"
    # shellcheck disable=SC2086 # one word per package
    (cd "$debs" && private_apt apt-get download $names)
    for deb in "$debs"/*.deb; do dpkg -x "$deb" "$private/$tree"; done
    rm -rf "$debs"
    case $tree in kernel-*) repoint_headers "$private/$tree" ;; esac
    mark "$tree" >"$private/$tree/.mark"
}

# Debian's headers name their own place, /usr/src, in makefiles and links.
repoint_headers() {
    local tree=$1 file link target
    grep -rlIE '(^|[^[:alnum:]_.-])/usr/(src|lib)/linux-' "$tree/usr/src" --include=Makefile --include='.kernel*' |
        while read -r file; do sed -i "s,/usr/\(src\|lib\)/linux-,$tree&,g" "$file"; done
    find "$tree" -type l -lname '/*' | while read -r link; do
        target=$(readlink "$link")
        [ ! -e "$tree$target" ] || ln -sfn "$tree$target" "$link"
    done
    # With this file of type information kbuild insists on a tool (pahole) whose output nothing here needs.
    rm -f "$tree"/usr/src/linux-headers-*/vmlinux
}
