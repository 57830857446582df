#!/bin/sh
# mine.sh DIRECTORY…: fail where one of them holds what we may not change, as a run with sudo leaves it, and say what to do.
set -eu
for directory in "$@"; do
    [ -e "$directory" ] || continue
    found=$(find "$directory" -maxdepth 3 -type d ! -writable -print -quit 2>/dev/null)
    [ -z "$found" ] && continue
    echo "$found cannot be written: another user made it (make with sudo?); remove it: sudo rm -rf $directory" >&2
    exit 1
done
