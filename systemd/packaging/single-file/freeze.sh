#!/bin/sh
# Run inside the root of Debian 11, after compile.sh: freeze what lies in /srv/site into /srv/frozen/dist/kubepki-exporter.
# Fails where a library wants a glibc that the file is not for. /srv/frozen/contents.txt names what is carried.
set -eu
cd /srv/frozen
export PYTHONPATH=/srv/site:/srv/tools PYTHONHASHSEED=1 PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
# PyInstaller imports it for macOS alone; the real one needs expat, which this Python does without.
: >/srv/tools/plistlib.py
/opt/python/bin/python3.11 -m PyInstaller --onefile --strip --noupx --log-level WARN --name kubepki-exporter \
    --paths /srv/site --collect-data kubepki --collect-submodules kubepki --hidden-import bcrypt --hidden-import ntplib \
    --exclude-module plistlib --exclude-module unittest --exclude-module pydoc --exclude-module tkinter --exclude-module setuptools \
    /srv/parts/main.py

newest=2.28
/opt/python/bin/python3.11 -m PyInstaller.utils.cliutils.archive_viewer --list --brief --recursive dist/kubepki-exporter >contents.log
binaries=$(sed -n 's/^ \([^ ]*\.so[.0-9]*\)$/\1/p' contents.log)
for file in $binaries; do
    path=$(find /opt/python /srv/site /lib /usr/lib -name "${file##*/}" | head -n 1)
    wanted=$(objdump -T "$path" | grep -oE 'GLIBC_[0-9.]+' | sed 's/GLIBC_//' | sort -uV | tail -n 1)
    if [ "$(printf '%s\n%s\n' "$wanted" "$newest" | sort -V | tail -n 1)" != "$newest" ]; then
        echo "$file wants glibc $wanted; the single file is for $newest and later" >&2
        exit 1
    fi
    owner=$(dpkg-query -S "*/$(basename "$(readlink -f "$path")")" 2>/dev/null | cut -d: -f1 | head -n 1)
    if [ -n "$owner" ]; then dpkg-query -W -f='${Architecture}\t${Package}\t${Version}\n' "$owner"; fi
done >owners.txt
sort -u owners.txt >contents.txt
for name in openssl python; do
    sed 's/^\([^ ]*\) \([^ ]*\).*/source\t\1\t\2/' "/opt/$name/source" >>contents.txt
done
