# Sourced by the build scripts, at the top of the tree. Sets `python` (PYTHON: it has the exporter's dependencies), `dist`
# (DIST) and SOURCE_DATE_EPOCH, and gives `version_as deb|rpm|python`, which is the same version however often it is asked.
python=${PYTHON:-.venv/bin/python}
dist=${DIST:-dist}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -c safe.directory='*' log -1 --format=%ct 2>/dev/null || date +%s)}
KUBEPKI_VERSION_DEB=${KUBEPKI_VERSION_DEB:-$(systemd/packaging/version.sh deb)}
export SOURCE_DATE_EPOCH KUBEPKI_VERSION_DEB DIST

version_as() { VERSION=$KUBEPKI_VERSION_DEB systemd/packaging/version.sh "$1"; }

# debhelper and rpmbuild take a path apart at its blanks.
plain_path() {
    case $PWD in
    *[[:space:]]*)
        echo "packages cannot be built below a path with blanks, for debhelper and rpmbuild split it: move the tree away from $PWD" >&2
        exit 1
        ;;
    esac
}

# The modules below DIRECTORY/kubepki say the version of this build.
stamp() { sed -i "s/^__version__ = .*/__version__ = \"$(version_as python)\"/" "$1/kubepki/__init__.py"; }

# What the exporter needs of PyPI, with its extras, one requirement in a line.
requirements() {
    "$python" -c '
import tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
extras = project["optional-dependencies"]
print("\n".join(project["dependencies"] + extras["auth"] + extras["ntp"]))'
}

# wheels ARCH TAGS DIRECTORY FILE: unpack the wheels of FILE's requirements for Python 3.11 on ARCH into DIRECTORY.
wheels() {
    platforms=
    for tag in $2; do platforms="$platforms --platform ${tag}_$1"; done
    # shellcheck disable=SC2086 # a list of flags
    "$python" -m pip install --quiet --no-compile --only-binary :all: --implementation cp --python-version 3.11 $platforms \
        --target "$3" --constraint constraints.txt --requirement "$4"
}

# archive LABEL: the address of Debian's main archive (Debian) or security archive (Debian-Security) that this host's apt uses.
archive() {
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' |
        sed -n "s/^Debian|$1|main|//p" | head -n 1
}

# The build scripts say what an artefact carries: `carried ARTEFACT PART KIND PLACE`, KIND and PLACE as components.py takes them.
carried() {
    mkdir -p build/contents
    "$python" systemd/packaging/components.py "$3" "$4" >"build/contents/$(basename "$1").$2.json"
}
