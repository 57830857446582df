#!/bin/sh
# install-packages.sh LIST [TARGET [ASKED]]: install the Debian packages of LIST (those of TARGET alone, or `all`) that are not
# there yet. Where that is not allowed, say the one command that does; with a TARGET that is the end, for it cannot go on.
# ASKED is the target that a person typed, where it is another.
set -u
list=$1
target=${2:-}
asked=${3:-${target:-system-packages}}
packages=$(sed 's/#.*//' "$list" | while read -r package targets; do
    [ -n "$package" ] || continue
    case " $targets " in *" $target "*) echo "$package" ;; *) case $target in '' | all) echo "$package" ;; esac ;; esac
done)
fail() {
    echo "$1" >&2
    [ -z "$target" ] || exit 1
    exit 0
}
if ! command -v dpkg-query >/dev/null; then
    case "$target" in
    rpm) command -v rpmbuild >/dev/null || fail "make rpm needs rpmbuild; install it: dnf install rpm-build" ;;
    *) fail "make $asked needs a Debian or Ubuntu" ;;
    esac
    exit 0
fi
missing=
for package in $packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
    fail "make $asked needs packages that are not installed; as root: apt-get install$missing"
fi
echo "installing with apt-get:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of names
apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 ||
    { apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends $missing >/dev/null; } ||
    fail "apt-get could not install them; see what it says to: apt-get update && apt-get install$missing"
