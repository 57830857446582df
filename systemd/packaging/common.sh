# Sourced by the build scripts, at the top of the tree. Sets `python` (PYTHON: it has the exporter's dependencies), `dist`
# (DIST) and SOURCE_DATE_EPOCH, and gives `version_as deb|rpm|python`, which is the same version however often it is asked.
python=${PYTHON:-.venv/bin/python}
dist=${DIST:-dist}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -c safe.directory='*' log -1 --format=%ct 2>/dev/null || date +%s)}
KUBEPKI_VERSION_DEB=${KUBEPKI_VERSION_DEB:-$(systemd/packaging/version.sh deb)}
export SOURCE_DATE_EPOCH KUBEPKI_VERSION_DEB DIST

version_as() { VERSION=$KUBEPKI_VERSION_DEB systemd/packaging/version.sh "$1"; }

# The modules below DIRECTORY/kubepki say the version of this build.
stamp() { sed -i "s/^__version__ = .*/__version__ = \"$(version_as python)\"/" "$1/kubepki/__init__.py"; }
