#!/bin/sh
# fetch-programs.sh LIST DIRECTORY: unpack the Debian packages of LIST whose programs are not there yet.
# Unpacking starts no service and needs no root; what cannot be fetched is named, and its tests are skipped.
set -u
list=$1
tools=$2
mkdir -p "$tools"
updated=
grep -v '^#' "$list" | while read -r package programs; do
    have=yes
    for program in $programs; do
        command -v "$program" >/dev/null || [ -x "$tools/$package/usr/bin/$program" ] || have=no
    done
    [ "$have" = no ] || continue
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        echo "not installed, its tests are skipped: $package ($programs)" >&2
        continue
    fi
    fetch() { (cd "$tools" && apt-get download -qq -o APT::Sandbox::User=root "$package" >/dev/null 2>&1); }
    if ! fetch && [ -z "$updated" ] && [ "$(id -u)" = 0 ]; then
        apt-get update -qq >/dev/null 2>&1
        updated=yes
        fetch || true
    fi
    archive=$(find "$tools" -maxdepth 1 -name "${package}_*.deb" | head -n 1)
    if [ -n "$archive" ]; then
        dpkg-deb -x "$archive" "$tools/$package" && rm -f "$archive"
    else
        echo "apt cannot fetch it now, its tests are skipped: $package ($programs)" >&2
    fi
done
