"""What a scan looks at, and what it expects there. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from kubepki.model import Fault
from kubepki.settings import Kubeconfig


class Content(StrEnum):
    """What a file is expected to hold."""

    CERTIFICATE = "certificate"
    KEY = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A path that a scan looks at.

    `expected` means that its absence is a fault, and that it is reported also where another link leads to it.
    `key_path` is the private key that a kubeconfig pairs with it. `superseded` marks what nothing presents any more.
    `component` means that a component of Kubernetes reads it, so that what Go refuses is a fault.
    """

    path: str
    expected: bool = False
    content: Content = Content.CERTIFICATE
    key_path: str | None = None
    superseded: bool = False
    component: bool = False

    def merge(self, other: "Wanted") -> "Wanted":
        """Return what both ask of the same path; who expects it knows better than a listing what it holds."""
        telling = [each.content for each in (self, other) if each.expected] or [self.content, other.content]
        return Wanted(
            path=self.path,
            expected=self.expected or other.expected,
            content=Content.CERTIFICATE if Content.CERTIFICATE in telling else Content.KEY,
            key_path=self.key_path or other.key_path,
            superseded=self.superseded and other.superseded,
            component=self.component or other.component,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One directory of certificate files: its names, or why they cannot be told."""

    path: str
    explicit: bool
    names: frozenset[str] = frozenset()
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Everything that the settings name, as found on the disk at one moment.

    `overfull` are directories below which globs find more than is looked at; `silent` those that do not answer.
    `components` are globs of configurations of components, `authorities` CA files by which a distribution verifies
    its clients, `hunted_bases` the directories below which globs look for kubeconfigs, `trust_stores` globs of what
    it keeps of the system's trust bundle. `named_kubeconfigs` and `named_files` need not be there, and are named
    without a wildcard: what was there once is expected.
    """

    listings: tuple[Listing, ...]
    files: tuple[Wanted, ...]
    kubeconfigs: tuple[Kubeconfig, ...]
    globs: tuple[str, ...]
    glob_bases: tuple[str, ...]
    overfull: tuple[str, ...]
    silent: tuple[tuple[str, Fault], ...] = ()
    distributions: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    trust_stores: tuple[str, ...] = ()
    hunted_bases: tuple[str, ...] = ()
    named_kubeconfigs: frozenset[str] = frozenset()
    named_files: frozenset[str] = frozenset()
