#!/bin/sh
# Make dist/kubepki-exporter-VERSION-image-ARCH.tar, a container image (OCI, and readable by `docker load`), of the .deb's parts
# and Debian 12's packages. ARCH is amd64 (the default) or arm64. Needs apt and dpkg-deb, no root, no builder and no daemon:
# nothing of the image is run. The root file system stays in build/image/ARCH/root.
set -eu
cd "$(dirname "$0")/../.."
. systemd/packaging/common.sh
plain_path
arch=${ARCH:-amd64}
version=$(version_as deb)
top=$PWD/build/image/$arch
root=$top/root
deb=$dist/kubepki-exporter_${version}_all.deb
log=$top/build.log
[ -e "$deb" ] || systemd/packaging/build-deb.sh >/dev/null
rm -rf "$top"
mkdir -p "$top/apt/lists/partial" "$top/apt/parts" "$top/apt/archives/partial" "$top/debs" "$root/var/lib/dpkg/status.d"
systemd/packaging/empty-dist.sh

mirror=$(archive Debian)
security=$(archive Debian-Security)
if [ -z "$mirror" ]; then
    echo "apt on this host knows no mirror of Debian; make image needs a Debian with a fetched list of packages" >&2
    exit 1
fi
# An apt of its own: it asks for another release or architecture than this host's, and needs no right to write.
: >"$top/apt/status"
keys=/usr/share/keyrings/debian-archive-keyring.gpg
{
    echo "deb [signed-by=$keys] $mirror bookworm main"
    if [ -n "$security" ]; then echo "deb [signed-by=$keys] $security bookworm-security main"; fi
} >"$top/apt/sources.list"
fetch() {
    apt-get -q -o Dir::Etc::SourceList="$top/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$top/apt/lists" \
        -o Dir::State::Status="$top/apt/status" -o Dir::Cache="$top/apt" -o APT::Architecture="$arch" -o APT::Architectures="$arch" \
        -o APT::Sandbox::User= -o Acquire::Languages=none "$@" >>"$log" 2>&1
}
failed() {
    tail -n 20 "$log" >&2
    exit 1
}
fetch update || failed
sed -n '/^#/d; s/ .*//p' systemd/packaging/image/packages.txt | while read -r package; do
    # What a mirror of the security archive does not hold, the last point release has.
    (cd "$top/debs" && { fetch download "$package" || fetch download "$package/bookworm"; }) || failed
done
cp "$deb" "$top/debs/"

# As Debian merges them.
mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64"
for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
for file in "$top"/debs/*.deb; do
    dpkg-deb --fsys-tarfile "$file" | tar -x --keep-directory-symlink --no-same-owner -C "$root"
    # As scanners of images without a package manager look for them.
    dpkg-deb --field "$file" >"$root/var/lib/dpkg/status.d/$(dpkg-deb --field "$file" Package)"
done
cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
printf 'root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
python_lib=$root/usr/lib/python3.11
(
    cd "$root"
    rm -rf etc/default etc/systemd usr/games usr/include usr/lib/*/gconv usr/lib/systemd usr/lib/valgrind usr/share/base-files \
        usr/share/binfmts usr/share/ca-certificates usr/share/debconf usr/share/dict usr/share/doc usr/share/doc-base \
        usr/share/info usr/share/kubepki-exporter/grafana usr/share/lintian usr/share/locale usr/share/man usr/share/misc \
        usr/share/perl5 usr/share/zoneinfo/posix usr/share/zoneinfo/right usr/src var/cache
)
(cd "$python_lib" && rm -rf distutils ensurepip lib2to3 pydoc_data test unittest)
find "$root/usr/bin" "$root/usr/sbin" ! -type d ! -name kubepki-exporter ! -name python3 ! -name python3.11 -delete
find "$root" -type d -name __pycache__ -prune -exec rm -rf {} +
if "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
    "$python" -m compileall -q -j 0 --invalidation-mode unchecked-hash -s "$root" "$python_lib" \
        "$root/usr/lib/python3/dist-packages" "$root/usr/share/kubepki-exporter" >>"$log" 2>&1 || failed
fi
file=$dist/kubepki-exporter-$version-image-$arch.tar
"$python" systemd/packaging/image/oci.py "$root" "$file.part" --arch "$arch" --version "$version"
mv "$file.part" "$file"
carried "$file" debs debs "$root/var/lib/dpkg/status.d"
echo "$file"
