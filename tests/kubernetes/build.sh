#!/bin/sh
# Build the real Kubernetes programs for the tests into a cache folder outside
# the tree, and print that folder. What is there already is not built again.
#
#   tests/kubernetes/build.sh            build what is missing (about 12 CPU minutes once)
#   tests/kubernetes/build.sh --cached   build nothing; fail where something is missing
set -eu
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n "s/^[[:space:]]*\(require \)\{0,1\}k8s.io\/kubernetes \(v[0-9][^ ]*\).*/\2/p" "$here/binaries/go.mod")
[ -n "$version" ] || { echo "build.sh: no version of k8s.io/kubernetes in $here/binaries/go.mod" >&2; exit 1; }
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kubepki-exporter/kubernetes-$version
programs="kubelet kube-apiserver kube-controller-manager kubeadm kubectl"

mkdir -p "$cache"
missing=
for program in $programs cri-stub; do
    [ -x "$cache/$program" ] || missing="$missing $program"
done
if [ -n "$missing" ]; then
    if [ "${1:-}" = --cached ]; then
        echo "build.sh: not in $cache:$missing" >&2
        exit 1
    fi
    command -v go >/dev/null || { echo "build.sh: Go is needed to build$missing" >&2; exit 1; }
    stamp=
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        major=${version#v}; minor=${major#*.}
        stamp="$stamp -X $package.gitVersion=$version -X $package.gitMajor=${major%%.*}"
        stamp="$stamp -X $package.gitMinor=${minor%%.*} -X $package.gitTreeState=clean"
    done
    cd "$here/binaries"
    export CGO_ENABLED=0 GOFLAGS="${GOFLAGS:--p=1}"
    for program in $missing; do
        case $program in
            cri-stub) package=./cri-stub ;;
            *) package=k8s.io/kubernetes/cmd/$program ;;
        esac
        echo "build.sh: building $program $version" >&2
        # Built beside its place and moved: a build that was cut off leaves nothing that looks whole.
        nice -n 19 go build -trimpath -ldflags "-s -w$stamp" -o "$cache/.$program.new" "$package"
        mv "$cache/.$program.new" "$cache/$program"
    done
fi
echo "$cache"
