#!/bin/sh
# Make everything of one release in dist/, which holds nothing else of ours afterwards: .deb, .rpm and image for x86-64 and
# arm64, wheel, source distribution, single file (for this machine's architecture, as root), the bill of materials and
# SHA256SUMS. PYTHON has the extra `dev`.
set -eu
cd "$(dirname "$0")/../.."
. systemd/packaging/common.sh
version=$(version_as deb)
contents=build/contents
rm -rf "$contents"
mkdir -p "$contents"
for file in "$dist"/kubepki-exporter[-_]* "$dist"/kubepki_exporter-* "$dist/SHA256SUMS"; do rm -f "$file"; done

systemd/packaging/build-deb.sh
systemd/packaging/build-wheel.sh "$python"
for arch in x86_64 aarch64; do ARCH=$arch systemd/packaging/build-rpm.sh; done
for arch in amd64 arm64; do ARCH=$arch systemd/packaging/build-image.sh; done
if [ "$(id -u)" = 0 ]; then
    systemd/packaging/build-single-file.sh
else
    echo "left out: the single file, which root builds (make single-file)" >&2
fi
bill=kubepki-exporter-$version.cdx.json
"$python" systemd/packaging/sbom.py "$version" "$dist" "$contents" >"$dist/$bill.part"
mv "$dist/$bill.part" "$dist/$bill"
(
    cd "$dist"
    # shellcheck disable=SC2035 # no name begins with a dash
    sha256sum kubepki* >SHA256SUMS
)
echo "$dist/$bill"
echo "$dist/SHA256SUMS"
cat >&2 <<END

The release is in $dist/. Sign the list of sums, and with it everything:
  gpg --armor --detach-sign $dist/SHA256SUMS
Who downloads it verifies with: gpg --verify SHA256SUMS.asc SHA256SUMS && sha256sum --check --ignore-missing SHA256SUMS
END
