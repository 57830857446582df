#!/bin/sh
# build-wheel.sh PYTHON: make the wheel and the source distribution in dist/. PYTHON has hatchling (the extra `dev`).
# They are built from a copy, so that the version of this build stands in them and not in the work tree.
set -eu
cd "$(dirname "$0")/../.."
. systemd/packaging/common.sh
python=$(pwd)/${1:-.venv/bin/python}
tree=build/wheel/tree
rm -rf build/wheel
mkdir -p "$tree"
systemd/packaging/empty-dist.sh
tar -c --exclude=./.git --exclude='./.venv*' --exclude=./.tools --exclude=./.cache --exclude=./build --exclude=./dist \
    --exclude=__pycache__ --exclude='./.*_cache' --exclude=./.hypothesis . | tar -x -C "$tree"
stamp "$tree/exporter"
(cd "$tree" && "$python" -m hatchling build -d out) 2>build/wheel/build.log || {
    tail -n 30 build/wheel/build.log >&2
    exit 1
}
for file in "$tree"/out/*; do
    cp "$file" "$dist/"
    echo "$dist/$(basename "$file")"
done
