#!/bin/sh
# Make dist/kubepki-exporter-VERSION-1.ARCH.rpm for RHEL 9 and its kin, with the libraries as wheels for its python3.11.
# ARCH is x86_64 (the default) or aarch64. PYTHON has pip and the exporter's dependencies.
set -eu
cd "$(dirname "$0")/../.."
. systemd/packaging/common.sh
plain_path
arch=${ARCH:-x86_64}
version=$(version_as rpm)

top=$PWD/build/rpm
stage=$top/stage
share=$stage/usr/share/kubepki-exporter
lib=$stage/usr/lib64/kubepki-exporter
doc=$stage/usr/share/doc/kubepki-exporter
rm -rf "$top"
mkdir -p "$share" "$lib" "$doc" "$stage/usr/bin" "$stage/usr/lib/systemd/system" "$stage/etc/default" \
    "$stage/usr/share/man/man8"
systemd/packaging/empty-dist.sh
systemd/packaging/stage-share.sh "$share"
stamp "$share"
mv "$share/kubepki" "$lib/"
mv "$share/README.md" "$share/docs" "$doc/"
if [ -e "$share/LICENSE" ]; then mv "$share/LICENSE" "$doc/"; fi
if [ -e "$share/CHANGELOG.md" ]; then mv "$share/CHANGELOG.md" "$doc/"; fi
cp -R systemd/kubelet.service.d systemd/systemd-time-wait-sync.service.d "$doc/"
cp systemd/*.service systemd/*.socket systemd/*.path systemd/*.timer "$stage/usr/lib/systemd/system/"
cp -R systemd/kubepki-exporter*.d "$stage/usr/lib/systemd/system/"
cp systemd/kubepki-exporter.default "$stage/etc/default/kubepki-exporter"
sed -e 's|^#!.*|#!/usr/bin/python3.11 -I|' -e 's|/usr/share/kubepki-exporter|/usr/lib64/kubepki-exporter|' \
    systemd/packaging/launcher.py >"$stage/usr/bin/kubepki-exporter"
PYTHONPATH=$lib "$python" systemd/packaging/manpage.py | gzip -9n >"$stage/usr/share/man/man8/kubepki-exporter.8.gz"

requirements >"$top/requirements.txt"
wheels "$arch" "manylinux_2_34 manylinux_2_28 manylinux_2_17 manylinux2014" "$lib" "$top/requirements.txt"
rm -rf "$lib/bin" "$lib/cffi"/*.h
# Modules of the libraries are imported, never run.
grep -rlE --include='*.py' '^#!' "$lib" | xargs -r sed -i '1{/^#!/d}'
find "$stage" -type d -exec chmod 755 {} +
find "$stage" -type f -exec chmod 644 {} +
chmod 755 "$stage/usr/bin/kubepki-exporter"
# The byte code is made here when this Python is the target's, so that a user without rights need not compile at each start.
if "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
    "$python" -m compileall -q --invalidation-mode unchecked-hash -s "$stage" "$lib"
fi
"$python" systemd/packaging/components.py bundled "$lib" >"$top/bundled"
"$python" systemd/packaging/changelog.py rpm "$version" >"$top/changelog"
rpmbuild -bb --quiet --target "$arch" --define "_topdir $top" --define "_libdir /usr/lib64" \
    --define "_build_id_links none" --define "kubepki_version $version" --define "kubepki_stage $stage" --define "kubepki_changelog $top/changelog" --define "kubepki_bundled $top/bundled" \
    --define "packager The kubepki authors <kubepki@users.noreply.github.com>" \
    --define "use_source_date_epoch_as_buildtime 1" systemd/packaging/rpm/kubepki-exporter.spec >"$top/build.log" 2>&1 || {
    tail -n 30 "$top/build.log" >&2
    exit 1
}
cp "$top/RPMS/$arch/kubepki-exporter-$version-1.$arch.rpm" "$dist/"
carried "$dist/kubepki-exporter-$version-1.$arch.rpm" wheels wheels "$lib"
echo "$dist/kubepki-exporter-$version-1.$arch.rpm"
