#!/bin/sh
# build-wheel.sh PYTHON: make the wheel and the source distribution in dist/. PYTHON has hatchling (the extra `dev`).
set -eu
cd "$(dirname "$0")/../.."
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
python=$(pwd)/${1:-.venv/bin/python}
"$python" -m hatchling build -d dist
