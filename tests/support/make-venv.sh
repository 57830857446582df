#!/bin/sh
# make-venv.sh PYTHON DIRECTORY: a virtual environment, installing python3-venv where it is missing and we may.
# DIRECTORY/.made, its last act, holds the directory's path: an environment that was left half-made, moved, or lost its
# interpreter is made anew; one that works stays.
set -eu
python=$1
directory=$2
if [ -z "$python" ]; then
    echo "kubepki-exporter needs Python 3.11 or newer; install it, or name it: make PYTHON=/path/to/python3.12 ..." >&2
    exit 1
fi
if ! version=$("$python" -c 'import sys; print("Python %d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))' 2>/dev/null); then
    echo "$python is ${version:-no Python that starts}; kubepki-exporter needs Python 3.11 or newer: make PYTHON=/path/to/python3.12 ..." >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing with apt-get: $package" >&2
        apt-get install -y -qq "$package" >/dev/null 2>&1 ||
            { apt-get update -qq && apt-get install -y -qq "$package" >/dev/null; }
    else
        echo "Python cannot make virtual environments; install the package $package (as root: apt-get install $package)" >&2
        exit 1
    fi
fi
if [ -e "$directory/bin/pip" ] && "$directory/bin/python" -m pip --version >/dev/null 2>&1 &&
    head -n 1 "$directory/bin/pip" | grep -qF "$(pwd)/$directory/"; then
    printf '%s' "$(pwd)/$directory" >"$directory/.made"
    exit 0
fi
echo "making the virtual environment $directory" >&2
rm -rf "$directory"
"$python" -m venv "$directory"
printf '%s' "$(pwd)/$directory" >"$directory/.made"
