#!/bin/sh
# No committed file names a path of somebody's machine, a key, or a package registry.
set -eu
cd "$(dirname "$0")/.."
if git grep -nIE -e 'BEGIN [A-Z ]*PRIVATE KEY-----$' -- ':!tests/*' ':!exporter/*' ':!.ci/*'; then
    echo "a private key must not be committed" >&2
    exit 1
fi
if git grep -nIE -e '/(home|Users)/[a-z]+/|files\.pythonhosted|pypi\.org|deb\.debian\.org' -- ':!.ci/*' ':!tests/*'; then
    echo "a committed file names a path of a machine or a package registry" >&2
    exit 1
fi
