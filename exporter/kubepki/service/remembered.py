"""The links and kubeconfigs that were seen before, and so are expected."""

import logging

from kubepki.logs import tell
from kubepki.pki.limits import MAX_REMEMBERED_LINKS, remember

log = logging.getLogger(__name__)


class Remembered:
    """Paths that are expected because they were there; no more than are bounded. For one thread at a time."""

    def __init__(self, paths: frozenset[str]) -> None:
        self.paths = paths
        self._told_of_too_many = False

    def forget(self, paths: frozenset[str]) -> None:
        """Expect *paths* no longer."""
        self.paths -= paths

    def forget_all(self) -> None:
        """Expect nothing any more."""
        self.paths = frozenset()

    def see(self, seen: frozenset[str]) -> None:
        """Remember what was *seen*, and say once that it is too much."""
        self.paths = remember(self.paths, seen)
        if not seen <= self.paths and not self._told_of_too_many:
            self._told_of_too_many = True
            tell(
                log,
                logging.WARNING,
                f"there were more than {MAX_REMEMBERED_LINKS} -current.pem links: that the others go is not noticed; "
                "kubepki-exporter forget PATH makes room",
            )
