"""Whatever a name holds, no output repeats what a terminal, a log or a reader would take for something else."""

import io
import json
import logging
import shlex
import subprocess
import unicodedata
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from kubepki.commands.hands import Hands, quoted
from kubepki.commands.terminal import Style, clean
from kubepki.commands.textfile import textfile
from kubepki.commands.unit_paths import unit_paths
from kubepki.config.commands import Command
from kubepki.config.flags import Invocation
from kubepki.logs import set_up, tell
from kubepki.metrics.collector import Collector, View
from kubepki.metrics.exposition import render
from kubepki.model import Certificate, Health, Link, PathState, Reading, Snapshot, Standing, Usage
from kubepki.pki.scan import Scanner
from kubepki.service.journal import Journal
from kubepki.settings import ConfigError, LogFormat, LogSettings, ScanSettings
from kubepki.texts import label_text, safe_text
from tests.support import pki
from tests.support.commands import hands_at, own_logging, run_check, run_rollback, settings_of
from tests.support.scenarios import BACKDATED, LEAD, NOW, OLD, install, looking_at, reading, write

WHOLE = "".join(map(chr, range(0x110000)))
# All that is assigned, and one each of what is for private use or not assigned: a million alike would only take time.
EVERY = "".join(each for each in WHOLE if unicodedata.category(each) not in {"Co", "Cn"}) + "\ue000\U0010ffff"
NAMED = "\x00\x07\x1b\x7f\x80\x9b\u061c\u200b\u200e\u202e\u2028\u2029\u2066\ufeff\U000e0041"


def unsafe(text: str) -> set[str]:
    """Return the characters of *text* that are neither printable nor a space."""
    return {each for each in text if not each.isprintable()}


def test_what_is_unsafe() -> None:
    """By the kinds of Unicode: controls, marks without a shape, surrogates, ends of lines and paragraphs."""
    assert unsafe(NAMED) == set(NAMED)
    kinds = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert all(not each.isprintable() for each in WHOLE if unicodedata.category(each) in kinds)


def test_every_code_point_becomes_printable() -> None:
    """Nothing raises, nothing is lost: the bytes are there."""
    assert safe_text(WHOLE).isprintable()
    assert label_text(EVERY).isprintable()
    assert safe_text("a\x9b\u202e\udcff\ud800\n") == r"a\xc2\x9b\xe2\x80\xae\xff\xed\xa0\x80\x0a"
    assert label_text("a\\\x1b") == r"a\\\x1b"


def test_what_is_safe_stays() -> None:
    """Letters of all scripts, signs, spaces."""
    text = "/p/Prüfung 証明書 сертификат…→.pem"
    assert safe_text(text) == label_text(text) == text


@pytest.mark.parametrize("kind", LogFormat)
def test_logs(kind: LogFormat) -> None:
    """One line in ASCII control of nothing: as message, as field, and in an exception."""
    stream = io.StringIO()
    set_up(LogSettings(format=kind), stream)
    logger = logging.getLogger("kubepki.test")
    tell(logger, logging.ERROR, EVERY, path=EVERY)
    logger.error("failed", exc_info=OSError(EVERY))
    lines = stream.getvalue().split("\n")
    assert len(lines) == 3
    assert not unsafe("".join(lines))
    if kind is LogFormat.JSON:
        assert [json.loads(line)["level"] for line in lines if line] == ["error", "error"]


@pytest.mark.parametrize("style", [Style(), Style(unicode=False)], ids=["unicode", "ascii"])
def test_terminals(style: Style) -> None:
    """Also where the terminal knows ASCII only."""
    text = clean(EVERY, style)
    assert not unsafe(text)
    assert style.unicode or text.isascii()


def test_messages() -> None:
    """What the command line answers to a mistake is one line."""
    assert not unsafe(str(ConfigError(EVERY, where=EVERY, hint=EVERY)))


def test_labels() -> None:
    """Of paths, links, users, subjects and issuers; the document has its own line ends and no other control."""
    leaf = Certificate(
        entry=f"user/{EVERY}",
        usage=Usage.CLIENT,
        subject=EVERY,
        issuer=EVERY,
        serial="01",
        fingerprint_sha256="00",
        not_before=0.0,
        not_after=1.0,
    )
    link = Link(target=EVERY, target_mtime=0.0, target_name_time=None)
    state = PathState(path=EVERY, standing=Standing.CURRENT, certificates=(leaf,), link=link)
    health = Health(version="0", python_version="3", watch_up=((EVERY, True),), symlink_changes=((EVERY, 1),))
    view = View(snapshot=Snapshot(paths=(state,)), reading=Reading(host_time=0.0), health=health)
    registry = CollectorRegistry()
    registry.register(Collector(lambda: view))
    for accept in ("", "application/openmetrics-text;version=1.0.0"):
        assert not unsafe("".join(render(registry, accept).body.decode().split("\n")))


def test_words_of_a_shell() -> None:
    """Bash reads the very bytes back, and the line that is printed is safe."""
    names = [EVERY[1:0x300], NAMED[1:], "/p/it's \\ \"$(x)`", "/p/\udcff", "/p/a b", ""]
    for name in names:
        name = "".join(each for each in name if not 0xD800 <= ord(each) < 0xDC80)  # noqa: PLW2901 - no bytes of a name
        word = quoted(name)
        assert not unsafe(word)
        done = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
        assert done.stdout == name.encode("utf-8", "surrogateescape")
    assert shlex.split(quoted("/p/a b")) == ["/p/a b"]


def test_a_name_is_no_flag() -> None:
    """An operand that begins with a dash comes behind the end of the flags."""
    assert Hands().command("ls", "-l", operands=("-rf", "a b")) == "ls -l -- -rf 'a b'"
    assert Hands().command("ls", "-l", operands=("/p",)) == "ls -l /p"


# Of each risky kind, and of each encoded length, some; a name has 255 bytes, without NUL and the slash.
RISKY = tuple(
    "".join(each for each in kind if each not in "\0/")
    for kind in (
        "".join(map(chr, range(0x20))),
        "".join(map(chr, range(0x7F, 0xA1))),
        NAMED[1:],
        "\udc80\udc9b\udcff",
        "-rf '\"\\$(x)`x`;&|*?[x]{a}~!#%s%%{{x}}",
        "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u00ad",
    )
)


def test_every_output_of_a_host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Directory, files, link, subject, user: whatever they are called, each command and the log are safe to read."""
    directory = tmp_path / RISKY[2]
    for name in RISKY:
        # A common name has 64 bytes.
        ca = pki.authority(f"CA {name}".encode(errors="replace")[:60].decode(errors="ignore"))
        node = name.encode(errors="replace")[:48].decode(errors="ignore")
        for moment in (OLD, NOW + LEAD):
            install(directory, pki.client(ca, node, not_before=moment - BACKDATED), moment, prefix=name[:60])
        write(directory / f"{name[:40]}.pem", b"nothing", OLD)
        (directory / f"lost{name[:40]}-current.pem").symlink_to(f"nowhere {name[:40]}")
    settings = settings_of(looking_at(directory, kubeconfigs=(tmp_path / f"{RISKY[3]}.conf",)))
    told = [run_check(settings, now=NOW)[1], run_check(settings, now=NOW, json=True)[1]]
    for name in (RISKY[0], RISKY[3]):
        link = str(directory / f"{name[:60]}-current.pem")
        told.append(run_rollback(settings, now=NOW, paths=(link,))[1])
        told.append(run_rollback(settings, now=NOW, apply=True, shared_directory=True, paths=(link,))[1])
        assert "Done" in told[-1]
    out = io.StringIO()
    unit_paths(Invocation(command=Command.UNIT_PATHS, settings=settings), out=out)
    target = tmp_path / "out.prom"
    with own_logging():
        set_up(LogSettings())
        textfile(
            Invocation(command=Command.TEXTFILE, settings=settings, paths=(str(target),)),
            clock=hands_at(NOW).host_clock(),
        )
        Journal().tell_changes(Scanner(settings.pki, ScanSettings()).scan().snapshot, reading())
    told += [out.getvalue(), target.read_text(), capsys.readouterr().err]
    assert "fault appeared" in told[-1]
    for text in told:
        assert not unsafe(text) - {"\n"}
