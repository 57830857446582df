#!/bin/sh
# Stage a source tree below build/deb and make dist/kubepki-exporter_VERSION_all.deb of it.
# PYTHON runs the generator of the man page: an interpreter that has the exporter's dependencies.
set -eu
cd "$(dirname "$0")/../.."
python=${PYTHON:-.venv/bin/python}
version=${VERSION:-$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' exporter/kubepki/__init__.py)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

stage=build/deb/kubepki-exporter-$version
rm -rf build/deb
mkdir -p "$stage" dist
systemd/packaging/stage-share.sh "$stage"
mkdir -p "$stage/bin" "$stage/units" "$stage/examples"
cp -R systemd/packaging/debian "$stage/debian"
cp systemd/kubepki-exporter.default "$stage/debian/"
cp systemd/*.service systemd/*.socket systemd/*.path "$stage/units/"
cp -R systemd/kubelet.service.d systemd/systemd-time-wait-sync.service.d "$stage/examples/"
cp systemd/packaging/launcher.py "$stage/bin/kubepki-exporter"
chmod 755 "$stage/bin/kubepki-exporter"
PYTHONPATH=exporter "$python" systemd/packaging/manpage.py >"$stage/kubepki-exporter.8"
cat >"$stage/debian/changelog" <<END
kubepki-exporter ($version) unstable; urgency=medium

  * Release $version; CHANGELOG.md in the source says what is new.

 -- The kubepki authors <kubepki@users.noreply.github.com>  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END
(cd "$stage" && dpkg-buildpackage --build=binary --unsigned-changes --no-sign >../build.log 2>&1) || {
    tail -n 30 build/deb/build.log >&2
    exit 1
}
dist=${DIST:-dist}
cp "build/deb/kubepki-exporter_${version}_all.deb" "$dist/"
echo "$dist/kubepki-exporter_${version}_all.deb"
