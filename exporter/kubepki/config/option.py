"""What one setting is, whichever it is.

Rules of this module: pure.
"""

from dataclasses import dataclass

from kubepki.config.values import Parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One setting.

    `key` is `GROUP.NAME`, the place in the file and in `Settings`. `default` is for people; the value is that of
    `Settings`. A `repeated` one is a list in the file. A `service` one means nothing to `check` and `rollback`.
    A `fixed` one is read at the start only, so that a changed one asks for a restart.
    """

    key: str
    flag: str
    metavar: str
    default: str
    help: str
    parse: Parse
    repeated: bool = False
    switch: bool = False
    service: bool = False
    fixed: bool = False

    @property
    def group(self) -> str:
        """The part of the key before the dot."""
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        """The part of the key behind the dot."""
        return self.key.partition(".")[2]
