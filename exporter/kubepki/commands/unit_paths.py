"""The command `unit-paths`: a drop-in of the service's unit, in which nothing but the settings' paths is visible."""

import os
import string
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing
from typing import TextIO

from kubepki.commands.one_look import OneLook, OneLookParser
from kubepki.config.flags import Invocation
from kubepki.config.presets import expand
from kubepki.disk import view
from kubepki.disk.disk import Disk
from kubepki.disk.own import read_own
from kubepki.pki.scan import Scanner
from kubepki.service.unit_view import HOMES, unit_properties
from kubepki.settings import ConfigError, HttpsReference, Settings
from kubepki.texts import safe_text

# What is emptied. /usr, /run, /proc, /sys and /dev stay as the unit leaves them; it masks what else there may be.
EMPTIED = ("/etc", "/var")
# What any process needs of /etc: names, CAs, the time zone, the loader.
SYSTEM = (
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/gai.conf",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/openssl.cnf",
    "/etc/resolv.conf",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/timezone",
    "/etc/kubepki-exporter",
)
# Of these, what others replace by a rename, or make later.
PINNED = ("/etc/hosts", "/etc/localtime", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/kubepki-exporter")
_PLAIN = frozenset(string.ascii_letters + string.digits + ":_.")
_NOTE = "Written by `kubepki-exporter unit-paths` from the settings; write it again when they change."
_TOO_WIDE = frozenset(
    {"/", "/etc", "/etc/ssl", "/etc/pki", "/var", "/var/lib", "/var/snap", "/home", "/root", *EMPTIED}
)


def unit_paths(invocation: Invocation, *, out: TextIO | None = None) -> int:
    """Print the drop-in to *out* (standard output) and return 0. Reads kubeconfigs, for they name further files."""
    settings = invocation.settings
    masks = unit_properties().get("InaccessiblePaths", "").split()
    disk = Disk(OneLook(settings.scan))
    with closing(Scanner(settings.pki, settings.scan, parser=OneLookParser(settings.scan), disk=disk)) as scanner:
        seen = scanner.scan(frozenset()).snapshot
        further = [*(state.path for state in seen.paths), *(state.link.target for state in seen.paths if state.link)]
        paths = visible(
            settings,
            [*further, *_served_with(settings)],
            exists=lambda path: bool(disk.existing((path,))),
            resolve=lambda path: disk.real_directories((path,))[path],
            masks=masks,
        )
    (out or sys.stdout).write(drop_in(paths, masks))
    return 0


def visible(
    settings: Settings,
    further: Iterable[str],
    *,
    exists: Callable[[str], bool],
    resolve: Callable[[str], str],
    masks: Collection[str] = (),
) -> tuple[str, ...]:
    """Return the directories that *settings* and the *further* files need, ordered, none below another.

    Each is the parent of what is watched where that is not too wide: a bind mount keeps an inode, and what is created
    again below it is seen. A directory that is one of the *masks* of the unit is too wide, for it holds other secrets.
    *resolve* takes symbolic links away: both ends are needed.
    """
    too_wide = _TOO_WIDE | {mask.lstrip("-+") for mask in masks}
    found: set[str] = set()
    for path in (*_named(settings, exists), *further):
        for each in (path, resolve(path)):
            parent = each.rpartition("/")[0] or "/"
            found.add(each if parent in too_wide else parent)
    return tuple(sorted(path for path in found if not any(path.startswith(f"{other}/") for other in found)))


def drop_in(paths: Collection[str], masks: Collection[str] = (), *, note: str = _NOTE, watched: bool = True) -> str:
    """Return the drop-in for a unit with *masks* (its InaccessiblePaths=) that shall see *paths*; systemd.exec(5).

    A mask of one of *paths* is lifted. One above it, too, and its place is emptied instead: what is bound below a mask
    would be dropped.
    A service that stays is *watched*: it is started again where what was bound appears or is replaced.
    """
    above = [mask for mask in masks if any(path.startswith(f"{mask.lstrip('-+')}/") for path in paths)]
    lifted = [*above, *(mask for mask in masks if mask.lstrip("-+") in paths)]
    kept = [mask for mask in masks if mask not in lifted]
    emptied = (*EMPTIED, *(mask.lstrip("-+") for mask in above))
    # ProtectHome=yes would drop what is bound below it, as any mask does.
    homes = HOMES if any(path.startswith(tuple(f"{home}/" for home in HOMES)) for path in paths) else ()
    hidden = (*emptied, *homes)
    seen = [*SYSTEM, *(path for path in paths if path.startswith(tuple(f"{each}/" for each in hidden)))]
    lines = [
        f"# {note}",
        "[Service]",
        # What looks missing and is hidden is told apart by these.
        f"Environment={view.EMPTIED}={view.spelled(hidden).replace('%', '%%')}",
        f"Environment={view.VISIBLE}={view.spelled(seen).replace('%', '%%')}",
        *(("InaccessiblePaths=", f"InaccessiblePaths={' '.join(kept)}") if lifted else ()),
        *(("ProtectHome=tmpfs",) if homes else ()),
        # An empty value takes back what an earlier drop-in, such as the package's, has set.
        "TemporaryFileSystem=",
        "BindReadOnlyPaths=",
        f"TemporaryFileSystem={' '.join(f'{path}:ro' for path in emptied)}",
        *(f"BindReadOnlyPaths={_quoted(path)}" for path in SYSTEM),
        "# What is watched, and what the settings name.",
        *(f"BindReadOnlyPaths={_quoted(path)}" for path in seen[len(SYSTEM) :]),
        *(
            ("", "[Unit]", "# A bind mount keeps what it has bound: a new start shows what is there now.")
            if watched
            else ()
        ),
        *(f"Wants=kubepki-exporter-remask@{escaped(each)}.path" for each in (*PINNED, *seen[len(SYSTEM) :]) if watched),
    ]
    return "\n".join(lines) + "\n"


def escaped(path: str) -> str:
    """Return the absolute *path* as the name of an instance, as `systemd-escape --path` does (systemd.unit(5))."""
    data = os.fsencode(path.strip("/"))
    return "".join(
        "-"
        if byte == ord("/")
        else chr(byte)
        if chr(byte) in _PLAIN and (byte != ord(".") or place)
        else f"\\x{byte:02x}"
        for place, byte in enumerate(data)
    )


def _named(settings: Settings, exists: Callable[[str], bool]) -> Iterator[str]:
    preset = expand(settings.pki.presets, exists)
    # A file stands for its directory, a directory for its parent.
    yield from (each.path for each in (*settings.pki.directories, *preset.directories))
    for pattern in (*settings.pki.files, *preset.files):
        yield _fixed(pattern.pattern) if pattern.wildcard else pattern.pattern
    yield from (each.path for each in (*settings.pki.kubeconfigs, *preset.kubeconfigs))
    # What components' configurations say of CAs is read, too; a part of a glob may be there later.
    yield from (_fixed(each) for each in (*preset.components, *preset.authorities))
    named = (settings.config_file, settings.web.config_file, settings.pki.password_file)
    yield from filter(None, named)
    yield from (each.ca_file for each in settings.clock.references if isinstance(each, HttpsReference) and each.ca_file)


def _served_with(settings: Settings) -> tuple[str, ...]:
    """Return the certificate, the key and the CA that the web configuration names; one that is not there names none."""
    path = settings.web.config_file
    if path is None:
        return ()
    from kubepki.config.strict_yaml import MAX_BYTES  # noqa: PLC0415 - it brings PyYAML along
    from kubepki.web.config_file import parse_web_config  # noqa: PLC0415 - as above

    try:
        data = read_own(path, MAX_BYTES)
    except ConfigError:
        return ()
    tls = parse_web_config(data, path=path).tls
    return () if tls is None else tls.files


def _fixed(pattern: str) -> str:
    """Return a path in the deepest directory that a glob names without a wildcard."""
    parts = pattern.split("/")
    wild = next((number for number, part in enumerate(parts) if any(sign in part for sign in "*?[")), len(parts))
    return "/".join((*parts[:wild], "x")) if wild < len(parts) else pattern


def _quoted(path: str) -> str:
    """Return *path* for a list of systemd, where it may be absent: `%` doubled, quoted where that is needed.

    What is not printable, the end of a line above all, is written as its bytes: a name must not become a directive.
    """
    text = "-" + path.replace("%", "%%")
    if text.isprintable() and not any(sign in text for sign in " \"'\\:"):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace(":", "\\\\:")
    return f'"{safe_text(escaped)}"'
