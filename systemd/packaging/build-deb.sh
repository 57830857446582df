#!/bin/sh
# Stage a source tree below build/deb and make dist/kubepki-exporter_VERSION_all.deb of it.
# PYTHON runs the generator of the man page: an interpreter that has the exporter's dependencies.
set -eu
cd "$(dirname "$0")/../.."
. systemd/packaging/common.sh
plain_path
version=$(version_as deb)

stage=build/deb/kubepki-exporter-$version
rm -rf build/deb
mkdir -p "$stage"
systemd/packaging/empty-dist.sh
systemd/packaging/stage-share.sh "$stage"
stamp "$stage"
mkdir -p "$stage/bin" "$stage/units" "$stage/examples"
cp -R systemd/packaging/debian "$stage/debian"
cp systemd/kubepki-exporter.default "$stage/debian/"
cp systemd/*.service systemd/*.socket systemd/*.path systemd/*.timer "$stage/units/"
cp -R systemd/kubepki-exporter*.d "$stage/units/"
cp -R systemd/kubelet.service.d systemd/systemd-time-wait-sync.service.d "$stage/examples/"
cp systemd/packaging/launcher.py "$stage/bin/kubepki-exporter"
chmod 755 "$stage/bin/kubepki-exporter"
PYTHONPATH=$stage "$python" systemd/packaging/manpage.py >"$stage/kubepki-exporter.8"
"$python" systemd/packaging/changelog.py deb "$version" >"$stage/debian/changelog"
(cd "$stage" && dpkg-buildpackage --build=binary --unsigned-changes --no-sign >../build.log 2>&1) || {
    tail -n 30 build/deb/build.log >&2
    exit 1
}
cp "build/deb/kubepki-exporter_${version}_all.deb" "$dist/"
echo "$dist/kubepki-exporter_${version}_all.deb"
