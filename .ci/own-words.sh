#!/bin/sh
# No committed file names a path of somebody's machine, a key, or a package registry.
set -eu
cd "$(dirname "$0")/.."
if git grep -nIE -e 'BEGIN [A-Z ]*PRIVATE KEY-----$' -- ':!tests/*' ':!exporter/*' ':!.ci/*'; then
    echo "a private key must not be committed" >&2
    exit 1
fi
if git grep -nIE -e '/(home|Users)/[a-z]+/' -- ':!.ci/*' ':!tests/*'; then
    echo "a committed file names a path of a machine" >&2
    exit 1
fi
# In brackets, so that this file does not name them either.
hosts='python[h]osted|p[y]pi[.]org|registry[.]n[p]mjs|proxy[.]g[o]lang|sum[.]g[o]lang|(deb|security)[.]d[e]bian|archive[.]u[b]untu'
if git grep -nIE -e "$hosts"; then
    echo "a committed file names a package registry" >&2
    exit 1
fi
