#!/bin/sh
# Make dist/kubepki-exporter-VERSION-linux-ARCH: one executable that carries its Python and its libraries, for hosts with
# glibc 2.28 or later. ARCH is this machine's. Needs root: it is compiled and frozen in a root of Debian 11, kept in a
# cache folder outside of the tree, as every clone needs the same (the first time some minutes). PYTHON has pip.
set -eu
cd "$(dirname "$0")/../.."
. systemd/packaging/common.sh
if [ "$(id -u)" != 0 ]; then
    echo "make single-file makes a root of Debian 11 to build in; run it as root: sudo make single-file" >&2
    exit 1
fi
arch=$(uname -m)
version=$(version_as deb)
top=build/single-file
root=${XDG_CACHE_HOME:-$HOME/.cache}/kubepki-exporter/single-file/bullseye-$arch
log=$PWD/$top/build.log
rm -rf "$top"
mkdir -p "$top"
systemd/packaging/empty-dist.sh

mirror=$(archive Debian)
security=$(archive Debian-Security)
if [ -z "$mirror" ]; then
    echo "apt on this host knows no mirror of Debian; make single-file needs a Debian with a fetched list of packages" >&2
    exit 1
fi
failed() {
    tail -n 20 "$1" >&2
    exit 1
}
if [ ! -d "$root" ]; then
    echo "making a root of Debian 11 (once, about a minute)" >&2
    # A debootstrap that was ended leaves /proc mounted in its tree.
    cut -d' ' -f2 /proc/mounts | grep "^$root.part/" | sort -r | while read -r mount; do umount "$mount"; done
    rm -rf "$root.part"
    mkdir -p "$root.part"
    debootstrap --variant=minbase --include=build-essential,libffi-dev,zlib1g-dev bullseye "$root.part" "$mirror" >"$log" 2>&1 ||
        failed "$log"
    mv "$root.part" "$root"
fi
{
    echo "deb-src $mirror bookworm main"
    if [ -n "$security" ]; then echo "deb-src $security bookworm-security main"; fi
} >"$root/etc/apt/sources.list.d/sources.list"
rm -rf "$root/srv/parts" "$root/srv/site" "$root/srv/tools" "$root/srv/frozen"
mkdir -p "$root/srv/frozen"
cp -R systemd/packaging/single-file "$root/srv/parts"
inside() { env -u TMPDIR SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" chroot "$root" "$@"; }

echo "compiling Python and OpenSSL for it (once for each of their versions, some minutes)" >&2
inside sh /srv/parts/compile.sh || failed "$root/srv/compile.log"
echo "freezing" >&2
requirements >"$top/requirements.txt"
grep '^pyinstaller==' constraints.txt >"$top/tools.txt"
tags="manylinux_2_28 manylinux_2_17 manylinux2014"
wheels "$arch" "$tags" "$root/srv/site" "$top/requirements.txt"
wheels "$arch" "$tags" "$root/srv/tools" "$top/tools.txt"
cp -R exporter/kubepki "$root/srv/site/"
stamp "$root/srv/site"
inside sh /srv/parts/freeze.sh >"$log" 2>&1 || failed "$log"
file=$dist/kubepki-exporter-$version-linux-$arch
cp "$root/srv/frozen/dist/kubepki-exporter" "$file.part"
chmod 755 "$file.part"
mv "$file.part" "$file"
# The part of it that unpacks the rest.
sed 's/^/pypi\t/; s/==/\t/' "$top/tools.txt" >>"$root/srv/frozen/contents.txt"
carried "$file" files listed "$root/srv/frozen/contents.txt"
carried "$file" wheels wheels "$root/srv/site"
echo "$file"
