"""What the running service does not see of what `check` sees. Pure: its scrape and the look are given."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kubepki.model import Snapshot
from kubepki.texts import path_label

_SAMPLE = re.compile(r"^(kubepki_certificate_not_after_timestamp_seconds|kubepki_fault)\{([^\n]*)\} ", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ESCAPES = {r"\\": "\\", r"\n": "\n", r"\"": '"'}
# What says that the service looked, and was kept from what is there.
_BLIND = frozenset({"hidden", "missing", "dangling", "unreadable", "not_regular"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What a scrape says: the paths with current certificates, and the reasons of the faults of each path."""

    certificates: frozenset[str]
    faults: dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Unseen:
    """A path with a certificate that the service does not export; `why` is empty where its settings do not name it."""

    path: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceView:
    """The service at `address`, empty where it does not run: what it does not see, and the `problem` with asking it.

    `flags` are those that it was started with, None where they are not known.
    """

    address: str
    problem: str = ""
    unseen: tuple[Unseen, ...] = ()
    flags: tuple[str, ...] | None = None

    @property
    def hidden(self) -> tuple[Unseen, ...]:
        """What it should see and cannot."""
        return tuple(each for each in self.unseen if each.why)

    @property
    def unnamed(self) -> tuple[Unseen, ...]:
        """What it would see if its settings named it."""
        return tuple(each for each in self.unseen if not each.why)


def exported(text: str) -> Exported | None:
    """Return what the scrape *text* says; None where it is none of ours."""
    if "kubepki_exporter_build_info" not in text:
        return None
    certificates: set[str] = set()
    faults: dict[str, set[str]] = {}
    for name, written in _SAMPLE.findall(text):
        labels = {
            key: re.sub(r"\\.", lambda found: _ESCAPES.get(found[0], found[0]), value)
            for key, value in _LABEL.findall(written)
        }
        if labels.get("standing") != "current":
            continue
        if name == "kubepki_fault":
            faults.setdefault(labels.get("path", ""), set()).add(labels.get("reason", ""))
        else:
            certificates.add(labels.get("path", ""))
    return Exported(
        certificates=frozenset(certificates), faults={path: frozenset(found) for path, found in faults.items()}
    )


def unseen_by(
    service: Exported, snapshot: Snapshot, mask: Callable[[str], str | None], other_name: Callable[[str], bool]
) -> tuple[Unseen, ...]:
    """Return the paths of *snapshot* whose certificates the *service* does not export.

    *mask* says what hides a path from it, *other_name* whether it exports the file by another path.
    """
    return tuple(_unseen(service, _judged(snapshot), mask, other_name))


def _judged(snapshot: Snapshot) -> Iterable[str]:
    return (state.path for state in snapshot.paths if state.judged)


def _unseen(
    service: Exported, paths: Iterable[str], mask: Callable[[str], str | None], other_name: Callable[[str], bool]
) -> Iterable[Unseen]:
    for path in paths:
        label = path_label(path)
        if label in service.certificates:
            continue
        said = sorted(service.faults.get(label, frozenset()) & _BLIND)
        why = mask(path) or (f"it says {said[0]}" if said else "")
        if why or not other_name(path):
            yield Unseen(path, why)
