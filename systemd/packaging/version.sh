#!/bin/sh
# version.sh deb|rpm|python: print the version of what is built from this tree.
# A commit that is tagged vX.Y.Z is X.Y.Z. Any other is a build on the way to the version in exporter/kubepki/__init__.py:
# X.Y.Z~devTIME+gCOMMIT, TIME being the commit's in UTC, so that a later commit is a later version, also in a clone
# without tags or history. A changed work tree adds .dTIME of now; without git the time is now. A source distribution carries its version in that file.
# VERSION in the environment wins.
set -eu
cd "$(dirname "$0")/../.."
form=${1:-python}
base=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' exporter/kubepki/__init__.py)
version=$base
archived=$(sed -n 's/^commit //p' systemd/packaging/archived.txt)
if [ -n "${VERSION:-}" ]; then
    version=$VERSION
elif [ -e .git ]; then
    # Root may build what a user cloned.
    here() { git -c safe.directory='*' "$@" 2>/dev/null; }
    if ! commit=$(here rev-parse --short=7 HEAD); then
        version="$base~dev$(date -u +%Y%m%d%H%M%S)"
    else
        changed=$(here status --porcelain --untracked-files=no)
        if [ -n "$changed" ] || ! here tag --points-at HEAD | grep -qxF "v$base"; then
            version="$base~dev$(TZ=UTC here log -1 --format=%cd --date=format-local:%Y%m%d%H%M%S)+g$commit"
            if [ -n "$changed" ]; then version="$version.d$(date -u +%Y%m%d%H%M%S)"; fi
        fi
    fi
elif [ "${archived#"\$Format"}" = "$archived" ]; then
    # git archive filled the file in: COMMIT TIME (Unix seconds) and the names that point at the commit.
    commit=${archived%% *}
    rest=${archived#* }
    case "$rest" in
    *"tag: v$base"*) ;;
    *) version="$base~dev$(date -u -d "@${rest%% *}" +%Y%m%d%H%M%S)+g$commit" ;;
    esac
fi
case "$form" in
deb | rpm) printf '%s\n' "$version" | sed 's/\.dev/~dev/' ;;
python) printf '%s\n' "$version" | sed 's/~dev/.dev/' ;;
*)
    echo "usage: version.sh deb|rpm|python" >&2
    exit 2
    ;;
esac
