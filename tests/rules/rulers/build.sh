#!/bin/sh
# Build Prometheus 3 and vmalert for the tests into a cache folder outside the tree, and print that folder. What is there
# already is not built again (about 5 CPU minutes once).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kubepki-exporter/rulers
mkdir -p "$cache"
build() {
    version=$(sed -n "s#^	$2 \(v[^ ]*\).*#\1#p" "$here/$1/go.mod" | head -1)
    if [ ! -x "$cache/$1-$version" ]; then
        command -v go >/dev/null || { echo "build.sh: Go is needed to build $1" >&2; exit 1; }
        echo "build.sh: building $1 $version" >&2
        (cd "$here/$1" && CGO_ENABLED=0 GOFLAGS="${GOFLAGS:--p=1}" nice -n 19 go build -trimpath -tags remove_all_sd \
            -ldflags "-s -w" -o "$cache/.$1.new" "$3")
        mv "$cache/.$1.new" "$cache/$1-$version"
    fi
    ln -sf "$1-$version" "$cache/$1"
}
build prometheus github.com/prometheus/prometheus github.com/prometheus/prometheus/cmd/prometheus
build vmalert github.com/VictoriaMetrics/VictoriaMetrics github.com/VictoriaMetrics/VictoriaMetrics/app/vmalert
echo "$cache"
