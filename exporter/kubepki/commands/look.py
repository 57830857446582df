"""One look at disk and clocks for a command that ends afterwards: the service's own scan, clocks and evaluation."""

import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import replace

from kubepki.clocks.clocks import Clocks
from kubepki.clocks.host import HostClock, system_clock
from kubepki.clocks.setup import api_server, remote_clocks
from kubepki.clocks.state import State
from kubepki.commands.diagnosis import Look, given_reading
from kubepki.commands.one_look import OneLook, OneLookParser
from kubepki.disk.disk import Disk
from kubepki.disk.own import AskedNow
from kubepki.judgement.belief import believe
from kubepki.judgement.evaluate import evaluate
from kubepki.judgement.given import objection_to
from kubepki.judgement.signed import signed
from kubepki.model import Fault, PathState, Standing
from kubepki.pki import layout
from kubepki.pki.layout import remembered_links
from kubepki.pki.parsing import TooCostlyError
from kubepki.pki.password import read_password
from kubepki.pki.scan import Scanner
from kubepki.pki.scan_result import ScanResult
from kubepki.settings import ConfigError, Directory, FilePattern, Kubeconfig, PkiSettings, ScanSettings, Settings

SETTLE_SECONDS = 2.5
# Where systemd puts the state of the service's unit; a command started by hand gets no STATE_DIRECTORY.
SERVICE_STATE_DIRECTORY = "/var/lib/kubepki-exporter"


def look(
    settings: Settings,
    *,
    at: float | None = None,
    clock: HostClock | None = None,
    remembered: frozenset[str] = frozenset(),
) -> Look:
    """Look once at what *settings* name; takes up to 2.5 s where another clock does not answer.

    Where *at* is given it is taken for now, and only the API server is asked: what it does with a file goes by its own
    clock. *remembered* are further `-current.pem` links that are expected. Raises ConfigError for a password file or a
    reference clock that cannot be used. Writes nothing.
    """
    state = State(state_directory(settings), writable=False)
    result = _scan(settings, (remembered_links(state.links()) | state.sources()) | remembered)
    snapshot = result.snapshot
    if snapshot.nothing_watched:
        snapshot = replace(snapshot, departed=result.departed or state.departed())
    clocks = Clocks(clock or system_clock(), state, quiet=True)
    clocks.set_references(remote_clocks(settings.clock.references) if at is None else ())
    clocks.set_api_server(api_server(result.apiserver, settings.clock))
    clocks.see_links({each.path: each.link for each in snapshot.paths if each.link is not None})
    clocks.start()
    try:
        clocks.settle(SETTLE_SECONDS)
        reading = clocks.read()
    finally:
        clocks.stop()
    wall = reading.host_time
    objection = None
    if at is not None:
        objection = objection_to(at, signed(snapshot), reading)
        reading = given_reading(at, reading)
    belief = believe(snapshot, reading)
    return Look(
        snapshot=snapshot,
        reading=reading,
        whole=belief,
        findings=evaluate(snapshot, reading, belief),
        issued=result.issued,
        assumed=at is not None,
        wall=None if at is None else wall,
        objection=objection,
    )


def link_state(settings: Settings, link: str) -> PathState | None:
    """Return what the disk says of *link* now."""
    snapshot = _scan(settings, frozenset({link})).snapshot
    return next((state for state in snapshot.paths if state.path == link), None)


def _scan(settings: Settings, remembered: frozenset[str]) -> ScanResult:
    password, parser = read_password(settings.pki), OneLookParser(settings.scan)
    disk = Disk(OneLook(settings.scan))
    with closing(Scanner(settings.pki, settings.scan, password=password, parser=parser, disk=disk)) as scanner:
        return scanner.scan(remembered)


def state_directory(settings: Settings) -> str | None:
    """Return the configured state directory, or that of the service's unit where there is one."""
    if settings.state.directory is not None:
        return settings.state.directory
    return SERVICE_STATE_DIRECTORY if os.path.isdir(SERVICE_STATE_DIRECTORY) else None  # noqa: PTH112 - paths are str


def sources_of(paths: tuple[str, ...], settings: Settings) -> PkiSettings:
    """Return the sources that *paths* name: directories, kubeconfigs and files.

    A `-current.pem` brings its directory, for its fallbacks are there; `only` takes the rest away again. Raises
    ConfigError for a path that is not there.
    """
    directories: dict[str, Directory] = {}
    files: list[FilePattern] = []
    kubeconfigs: list[Kubeconfig] = []
    for path in paths:
        kind = path_kind(path)
        if kind == "absent":
            what = "there is no such file or directory"
            raise ConfigError(what, where=path, hint="name a certificate, a kubeconfig or a PKI directory of this host")
        parent, _, name = path.rpartition("/")
        if kind == "directory":
            directories[path] = Directory(path=path, explicit=True)
        elif layout.current_prefix(name) is not None:
            directories.setdefault(parent or "/", Directory(path=parent or "/", explicit=False))
        elif _is_kubeconfig(path, settings.scan):
            kubeconfigs.append(Kubeconfig(path=path, optional=False))
        else:
            files.append(FilePattern(pattern=path, wildcard=False))
    return replace(
        settings.pki,
        directories=tuple(directories.values()),
        files=tuple(files),
        kubeconfigs=tuple(kubeconfigs),
        presets=(),
    )


def path_kind(path: str) -> str:
    """Return what is at *path*: a `directory`, something `other`, nothing (`absent`), or `refused`.

    A `-current.pem` link that leads to a directory is a broken link. What does not answer is told by the scan.
    """
    kind = Disk(AskedNow()).kind(path)
    if kind == "link":
        return "directory" if layout.current_prefix(path.rpartition("/")[2]) is None else "other"
    return kind


def real_directories(directories: Iterable[str]) -> Mapping[str, str]:
    """Return each of *directories* with its links resolved; one that does not answer is itself."""
    return Disk(AskedNow()).real_directories(dict.fromkeys(directories))


def known_path(seen: Look, path: str) -> str:
    """Return the path by which *seen* knows the file *path*: another way to its directory is the same file."""
    paths = [state.path for state in seen.snapshot.paths]
    if path in paths:
        return path
    real = real_directories(_parent(each) for each in (path, *paths))
    place = (real[_parent(path)], path.rpartition("/")[2])
    return next((each for each in paths if (real[_parent(each)], each.rpartition("/")[2]) == place), path)


def known_directory(seen: Look, directory: str | None) -> str | None:
    """Return the directory by which *seen* knows the files of *directory*."""
    if directory is None:
        return None
    known = [_parent(state.path) for state in seen.snapshot.paths]
    real = real_directories((directory, *known))
    return next((each for each in known if real[each] == real[directory]), directory)


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def beside(own: PkiSettings, named: PkiSettings) -> PkiSettings:
    """Return *own* sources and the *named* ones: what proves a file is the same, whichever way the file was named."""
    return replace(
        own,
        directories=(*own.directories, *named.directories),
        files=(*own.files, *named.files),
        kubeconfigs=(*own.kubeconfigs, *named.kubeconfigs),
    )


def only(seen: Look, paths: tuple[str, ...], settings: Settings) -> Look:
    """Return *seen* without what *paths* do not name; all of it where they name nothing.

    Of a directory of which *paths* name a link, only that link and its superseded files are kept.
    """
    if not paths:
        return seen
    named = replace(settings, pki=sources_of(paths, settings))
    state = State(state_directory(settings), writable=False)
    found = _scan(named, remembered_links(state.links())).snapshot.paths
    known = {known_path(seen, each.path) for each in found}
    narrowed = {
        _parent(path)
        for path in paths
        if layout.current_prefix(path.rpartition("/")[2]) and path_kind(path) != "directory"
    } - set(paths)
    dated = tuple(f"{path.removesuffix(layout.CURRENT)}-" for path in paths)

    def wanted(each: PathState) -> bool:
        if each.path not in known:
            return False
        if (each.path.rpartition("/")[0] or "/") not in narrowed or each.path in paths:
            return True
        return each.standing is Standing.SUPERSEDED and each.path.startswith(dated)

    kept = tuple(each for each in seen.snapshot.paths if wanted(each))
    snapshot = replace(seen.snapshot, paths=kept)
    return replace(seen, snapshot=snapshot, whole=seen.belief, findings=evaluate(snapshot, seen.reading, seen.belief))


def _is_kubeconfig(path: str, scan: ScanSettings) -> bool:
    if layout.is_certificate_name(path):
        return False
    found = Disk(AskedNow()).look([(path, None)], scan.max_file_size)[0]
    if isinstance(found, Fault) or found.data is None:
        return path.endswith((".conf", ".config", ".kubeconfig", ".yaml", ".yml"))
    with closing(OneLookParser(scan)) as parser:
        try:
            content = parser.read_kubeconfig(found.data)
        except TooCostlyError:
            return False
    return bool(content.users or content.clusters)
