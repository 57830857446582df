#!/bin/sh
# empty-dist.sh: remove from dist/ what was built of another version than the one that is built now, so that
# `dist/*.deb` names one file. KUBEPKI_VERSION_DEB is that version as Debian writes it, DIST the directory.
set -eu
cd "$(dirname "$0")/../.."
dist=${DIST:-dist}
mkdir -p "$dist"
debian=$KUBEPKI_VERSION_DEB
python=$(printf '%s\n' "$debian" | sed 's/~dev/.dev/')
for file in "$dist"/kubepki-exporter[-_]* "$dist"/kubepki_exporter-*; do
    case "$file" in
    *"[-_]*" | *"kubepki_exporter-*") ;; # nothing matched
    *[-_]"$debian"[-_.]* | *[-_]"$python"[-_.]*) ;;
    *) rm -rf "$file" ;;
    esac
done
