#!/bin/sh
# make-venv.sh PYTHON DIRECTORY: a virtual environment, installing python3-venv where it is missing and we may.
set -eu
python=$1
directory=$2
if [ -z "$python" ]; then
    echo "kubepki-exporter needs Python 3.11 or newer; install it, or name it: make PYTHON=/path/to/python3.12 ..." >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get install -y -qq "$package" >/dev/null 2>&1 ||
            { apt-get update -qq && apt-get install -y -qq "$package" >/dev/null; }
    else
        echo "Python cannot make virtual environments; install the package $package (as root: apt-get install $package)" >&2
        exit 1
    fi
fi
"$python" -m venv "$directory"
