#!/bin/sh
# install.sh install|uninstall: the exporter in a virtual environment below PREFIX, with its unit, for hosts that no package
# serves. DESTDIR stages a tree; PYTHON (3.11 or later) is the interpreter of the environment.
set -eu
cd "$(dirname "$0")/../.."
prefix=${PREFIX:-/usr/local}
destdir=${DESTDIR:-}
python=${PYTHON:-python3}
home=$prefix/lib/kubepki-exporter
units=/etc/systemd/system
asked=${1:-}

if [ -z "$destdir" ] && [ "$(id -u)" != 0 ]; then
    case $asked in
    install | uninstall)
        echo "make $asked needs root, for it writes to $prefix and $units; run it with sudo, or name a tree: make $asked DESTDIR=/tmp/tree" >&2
        exit 1
        ;;
    esac
fi

case $asked in
install)
    wheel=$(ls -t dist/kubepki_exporter-*.whl 2>/dev/null | head -n 1)
    if [ -z "$wheel" ]; then
        echo "install.sh: no wheel in dist/; run make wheel first" >&2
        exit 1
    fi
    "$python" -c 'import sys; sys.exit("Python 3.11 or later is needed") if sys.version_info < (3, 11) else None'
    rm -rf "$destdir$home"
    mkdir -p "$destdir$prefix/bin" "$destdir$prefix/lib" "$destdir$prefix/share/man/man8" "$destdir$units" \
        "$destdir/etc/default"
    "$python" -m venv "$destdir$home"
    "$destdir$home/bin/python" -m pip install --quiet --constraint constraints.txt "$wheel[auth,ntp]"
    # The environment must not remember where it was staged.
    if [ -n "$destdir" ]; then
        grep -rlIZF "$destdir" "$destdir$home/bin" "$destdir$home/pyvenv.cfg" | xargs -0r sed -i "s|$destdir||g"
    fi
    ln -sf "$home/bin/kubepki-exporter" "$destdir$prefix/bin/kubepki-exporter"
    "$destdir$home/bin/python" systemd/packaging/manpage.py >"$destdir$prefix/share/man/man8/kubepki-exporter.8"
    for unit in systemd/kubepki-exporter*.service systemd/kubepki-exporter*.socket systemd/kubepki-exporter*.path systemd/kubepki-exporter*.timer; do
        sed "s|/usr/bin/kubepki-exporter|$prefix/bin/kubepki-exporter|" "$unit" >"$destdir$units/$(basename "$unit")"
    done
    cp -R systemd/kubepki-exporter*.d "$destdir$units/"
    if [ ! -e "$destdir/etc/default/kubepki-exporter" ]; then
        cp systemd/kubepki-exporter.default "$destdir/etc/default/kubepki-exporter"
    fi
    ;;
uninstall)
    if [ -z "$destdir" ] && [ -d /run/systemd/system ]; then
        systemctl disable --now kubepki-exporter.service kubepki-exporter.socket kubepki-exporter-textfile.timer 2>/dev/null || :
    fi
    rm -rf "$destdir$home" "$destdir/var/lib/private/kubepki-exporter" "$destdir/var/lib/kubepki-exporter" \
        "$destdir/var/lib/private/kubepki-exporter-textfile" "$destdir/var/lib/kubepki-exporter-textfile"
    rm -f "$destdir$prefix/bin/kubepki-exporter" "$destdir$prefix/share/man/man8/kubepki-exporter.8" \
        "$destdir$units"/kubepki-exporter.service "$destdir$units"/kubepki-exporter.socket \
        "$destdir$units"/kubepki-exporter-remask.service "$destdir$units"/kubepki-exporter-remask.path \
        "$destdir$units"/kubepki-exporter-remask@.path \
        "$destdir$units"/kubepki-exporter-textfile.service "$destdir$units"/kubepki-exporter-textfile.timer \
        "$destdir/etc/default/kubepki-exporter"
    for name in kubepki-exporter.service kubepki-exporter-textfile.service; do
        rm -f "$destdir$units/$name.d/10-view.conf"
        rmdir "$destdir$units/$name.d" 2>/dev/null || :
    done
    if [ -z "$destdir" ] && [ -d /run/systemd/system ]; then
        systemctl daemon-reload
    fi
    ;;
*)
    echo "usage: install.sh install|uninstall" >&2
    exit 2
    ;;
esac
