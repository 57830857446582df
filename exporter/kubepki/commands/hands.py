"""How commands are written for whoever types them on this host. Pure."""

import shlex
from dataclasses import dataclass

from kubepki.commands.host import PLAIN_HOST, Host, Words
from kubepki.config.commands import PROGRAM


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """How commands are typed: as root or not, the program, the flags that lead to the same judgement, the host.

    `paths` are those that were asked about: the same question asked again is about them.
    """

    root: bool = True
    program: str = PROGRAM
    flags: tuple[str, ...] = ()
    host: Host = PLAIN_HOST
    paths: tuple[str, ...] = ()

    def command(self, *words: str, operands: tuple[str, ...] = ()) -> str:
        """Return a line for a shell, run as root; *operands* are names, and none is taken for a flag."""
        # POSIX, utility syntax guideline 10.
        end = ("--",) if any(each.startswith("-") for each in operands) else ()
        return ("" if self.root else "sudo ") + " ".join(map(quoted, (*words, *end, *operands)))

    def own(self, *words: str, operands: tuple[str, ...] = ()) -> str:
        """Return a line for a shell that runs this program with the same flags, as root."""
        return self.command(self.program, words[0], *self.flags, *words[1:], operands=operands)

    def roll_back(self, link: str, *flags: str, keeps_stopped: bool = False) -> str:
        """Return the line that points *link* back and restarts the kubelet, unless that is unknown or *keeps_stopped*.

        A kubelet in one process with the signer is stopped with it, and started with it when the clocks are right.
        """
        restart = () if self.host.restart is None or keeps_stopped else ("--restart-kubelet",)
        return self.own("rollback", "--apply", *restart, *flags, operands=(link,))

    def known(self, *commands: Words | None) -> tuple[str, ...]:
        """Return the lines of those *commands* that this host knows."""
        return tuple(self.command(*words) for words in commands if words is not None)


def quoted(word: str) -> str:
    """Return *word* for a shell; one that is no plain ASCII in bash's `$'…'`, byte by byte, for it must be exact."""
    if word.isascii() and word.isprintable():
        return shlex.quote(word)
    escaped = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"\\'" else f"\\x{byte:02x}"  # noqa: PLR2004 - ASCII
        for byte in word.encode("utf-8", "surrogateescape")
    )
    return f"$'{escaped}'"
