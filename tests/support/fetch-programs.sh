#!/bin/sh
# fetch-programs.sh LIST DIRECTORY: unpack the Debian packages of LIST whose programs are not there yet.
# Unpacking starts no service and needs no root. A program may be in one package in one release and in another in the next:
# LIST names it with both. What is not there in the end is named with the reason, on standard error and in
# DIRECTORY/missing.txt (program, tab, reason), which the skipped tests repeat.
set -u
list=$1
tools=$2
mkdir -p "$tools"
reasons=$tools/reasons.$$
trap 'rm -f "$reasons" "$reasons.list"' EXIT
sed 's/#.*//' "$list" | grep . >"$reasons.list"
have() {
    command -v "$1" >/dev/null && return
    for found in "$tools"/*/usr/bin/"$1" "$tools"/*/usr/sbin/"$1"; do [ -x "$found" ] && return; done
    return 1
}
fetch() { (cd "$tools" && apt-get download -qq -o APT::Sandbox::User=root "$1" 2>&1 >/dev/null); }
updated=
: >"$reasons"
while read -r package programs; do
    absent=
    for program in $programs; do have "$program" || absent="$absent $program"; done
    [ -n "$absent" ] || continue
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        echo "$package there is no apt-get here; install the program by hand" >>"$reasons"
        continue
    fi
    if ! said=$(fetch "$package"); then
        if [ -z "$updated" ] && [ "$(id -u)" = 0 ]; then
            apt-get update -qq >/dev/null 2>&1
            updated=yes
        fi
        said=$(fetch "$package")
    fi
    archive=$(find "$tools/" -maxdepth 1 -name "${package}_*.deb" | head -n 1)
    if [ -z "$archive" ]; then
        said=$(printf '%s' "$said" | sed -n 's/^E: //p' | head -n 1)
        echo "$package apt-get cannot download the package $package: $said" >>"$reasons"
        continue
    fi
    if ! said=$(dpkg-deb -x "$archive" "$tools/$package" 2>&1); then
        rm -rf "${tools:?}/$package"
        echo "$package the package $package cannot be unpacked: $said" >>"$reasons"
    fi
    rm -f "$archive"
done <"$reasons.list"
: >"$tools/missing.txt"
while read -r package programs; do
    for program in $programs; do
        have "$program" && continue
        reason=$(sed -n "s/^$package //p" "$reasons")
        printf '%s\t%s\n' "$program" "${reason:-the package $package of this release does not hold it}"
    done
done <"$reasons.list" | sort -u >"$tools/missing.txt"
if [ -s "$tools/missing.txt" ]; then
    echo "tests that need these programs are skipped:" >&2
    sed 's/^/  /; s/	/: /' "$tools/missing.txt" >&2
fi
