"""Parsing in a process of its own: the same values, a budget for each file, and nothing that it could do besides."""

import os
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat, load_pem_private_key, pkcs12
from cryptography.x509 import load_pem_x509_certificate

from kubepki.disk.disk import Interrupted
from kubepki.formats import wire
from kubepki.formats.parsed import Container, Parsed, Verified
from kubepki.model import Reason
from kubepki.pki.frames import Question
from kubepki.pki.parsing import ParserHere, TooCostlyError
from kubepki.pki.parsing_process import ParsingProcess, _Child, parsing_process
from kubepki.pki.scan import Scanner
from kubepki.settings import ScanSettings
from tests.support import costly, pki, scenarios
from tests.support.running import environment
from tests.support.waiting import wait_until

CA = pki.authority()
PAIR = pki.client(CA)
DATA = PAIR.certificate_pem + PAIR.key_pem


@pytest.fixture
def parser() -> Iterator[ParsingProcess]:
    """Return a parser with ordinary settings, ended after the test."""
    made = parsing_process(ScanSettings())
    yield made
    made.close()


def child(parser: ParsingProcess) -> int:
    return running(parser).process.pid


def running(parser: ParsingProcess) -> _Child:
    found = parser._child  # noqa: SLF001 - the process is what is looked at
    assert found is not None
    return found


def expensive() -> bytes:
    """Return a PKCS#12 that costs as much as is allowed before it is opened."""
    pair = pki.self_signed(kind=pki.KeyType.EC)
    encryption = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(300_000).build(pki.PASSWORD)
    key = load_pem_private_key(pair.key_pem, None)
    certificate = load_pem_x509_certificate(pair.certificate_pem)
    return pkcs12.serialize_key_and_certificates(b"", key, certificate, None, encryption)  # type: ignore[arg-type]


def test_the_answers_are_those_of_this_process(parser: ParsingProcess) -> None:
    """Whatever the bytes are: nothing is lost on the way."""
    here = ParserHere()
    for data in (DATA, b"", b"\0\0", DATA[:-60], os.urandom(1_000), CA.certificate_pem * 3):
        assert parser.read_file(data, None, Container.PEM_OR_DER) == here.read_file(data, None, Container.PEM_OR_DER)
    bundle = pki.pkcs12_bytes(pki.self_signed(kind=pki.KeyType.EC))
    found = parser.read_file(bundle, pki.PASSWORD, Container.PKCS12)
    assert found == here.read_file(bundle, pki.PASSWORD, Container.PKCS12)
    assert found.parsed.keys
    config = pki.kubeconfig(
        [pki.User(name="é\u202e", certificate=PAIR.certificate_pem, key=PAIR.key_pem)],
        [pki.Cluster(name="k", ca=CA.certificate_pem)],
    )
    assert parser.read_kubeconfig(config) == here.read_kubeconfig(config)


@pytest.mark.parametrize("kind", pki.KeyType)
def test_issuers_are_verified(parser: ParsingProcess, kind: pki.KeyType) -> None:
    """Yes and no, as in this process, for each kind of key as the first thing that is asked."""
    authority = pki.authority(key=pki.new_key(kind))
    leaf, ca = (
        ParserHere().read_file(data, None, Container.PEM_OR_DER).parsed.certificates[0].der
        for data in (pki.client(authority).certificate_pem, authority.certificate_pem)
    )
    other = pki.authority(key=pki.new_key(kind, slot=1)).der
    assert parser.verify(leaf, [], [ca], server=False) == ParserHere().verify(leaf, [], [ca], server=False)
    assert parser.verify(leaf, [], [ca], server=False).periods
    assert not parser.verify(leaf, [], [ca], server=True).periods
    assert not parser.verify(leaf, [], [other], server=False).periods


def test_it_can_do_nothing_but_parse(parser: ParsingProcess) -> None:
    """No capability, no way to win one, no core, and no descriptor but the connection and the null device; few more."""
    parser.read_file(DATA, None, Container.PEM_OR_DER)
    proc = Path(f"/proc/{child(parser)}")
    status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines() if ":\t" in line)
    assert {status[name].strip("0 ") for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {""}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    limits = (proc / "limits").read_text().splitlines()
    (files,) = [line.split()[3:5] for line in limits if line.startswith("Max open files")]
    assert files == ["16", "16"]
    (cores,) = [line.split()[4:6] for line in limits if line.startswith("Max core file size")]
    assert cores == ["0", "0"]
    if os.geteuid() != 0:
        return  # Its descriptors are nobody's to see but root's.
    links = {
        (proc / "fd" / name).readlink().as_posix().split(":")[0]
        for name in [each.name for each in (proc / "fd").iterdir()]
    }
    assert links == {"socket", "/dev/null"}


_FORBIDDEN = """
import ctypes, os, socket, sys
from kubepki.pki.seccomp import allow_only_what_parsing_needs
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
assert allow_only_what_parsing_needs()
open("/proc/self/status").read()
for forbidden in (
    socket.socket,
    socket.socketpair,
    os.fork,
    lambda: os.execv("/bin/true", ["true"]),
    lambda: open("/dev/null", "w"),
    lambda: open(sys.argv[1] + "/new", "x"),
    lambda: os.open(sys.argv[1], os.O_TMPFILE | os.O_RDWR),
    lambda: os.unlink(sys.argv[1]),
    lambda: os.mkdir(sys.argv[1] + "/new"),
    lambda: os.kill(os.getppid(), 0),
    lambda: os.setuid(1),
    lambda: os.memfd_create("x"),
):
    try:
        forbidden()
    except PermissionError:
        continue
    sys.exit(f"{forbidden} was done")
"""


@pytest.mark.skipif(platform.machine() not in {"x86_64", "aarch64"}, reason="no table of system calls for this machine")
def test_the_kernel_refuses_what_parsing_does_not_need(tmp_path: Path) -> None:
    """No network, no program, no file that is written, no other process."""
    command = [sys.executable, "-c", _FORBIDDEN, str(tmp_path)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(tmp_path.iterdir())


def test_what_goes_over_its_budget_is_ended() -> None:
    """By CPU time; the next file is parsed by the next process."""
    parser = ParsingProcess(budget=0.05, max_file_size=1 << 20)
    data = expensive()
    parser.read_file(DATA, None, Container.PEM_OR_DER)
    first = child(parser)
    with pytest.raises(
        TooCostlyError, match=r"^parsing it took more than 0\.05 s of CPU time \(--scan\.file-budget\)$"
    ):
        parser.read_file(data, pki.PASSWORD, Container.PKCS12)
    assert not Path(f"/proc/{first}").exists()
    assert parser.read_file(DATA, None, Container.PEM_OR_DER).parsed.keys
    parser.close()


def test_a_process_that_is_killed_names_the_file(parser: ParsingProcess) -> None:
    """Whatever ended it, the file that was in it may have done so; the next one is parsed again."""
    parser.read_file(DATA, None, Container.PEM_OR_DER)
    os.kill(child(parser), signal.SIGKILL)
    with pytest.raises(TooCostlyError, match="ended the process"):
        parser.read_file(DATA, None, Container.PEM_OR_DER)
    assert parser.read_file(DATA, None, Container.PEM_OR_DER).parsed.keys


def test_what_is_interrupted_is_left() -> None:
    """A service that stops does not wait for a file, and the file has no fault."""
    asked: list[bool] = []
    parser = ParsingProcess(budget=60.0, max_file_size=1 << 20, interrupted=lambda: bool(asked))
    parser.read_file(DATA, None, Container.PEM_OR_DER)
    os.kill(child(parser), signal.SIGSTOP)
    asked.append(True)
    with pytest.raises(Interrupted):
        parser.read_file(DATA, None, Container.PEM_OR_DER)


def test_closing_leaves_no_process(parser: ParsingProcess) -> None:
    """Not even a zombie."""
    parser.read_file(DATA, None, Container.PEM_OR_DER)
    pid = child(parser)
    parser.close()
    wait_until(lambda: not Path(f"/proc/{pid}").exists())


def test_one_that_has_left_is_started_before_it_is_asked(parser: ParsingProcess) -> None:
    """An event starts it beside its own debounce; one that is there stays."""
    parser.read_file(DATA, None, Container.PEM_OR_DER)
    first = child(parser)
    parser.begin()
    assert child(parser) == first
    # As after a minute without a question.
    running(parser).connection.shutdown(socket.SHUT_RDWR)
    assert running(parser).process.wait(30) == 0
    parser.begin()
    assert child(parser) != first
    assert parser.read_file(DATA, None, Container.PEM_OR_DER).parsed.keys


def test_another_rotation_is_seen_beside_a_costly_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has its fault, and the scan goes on."""
    settings = scenarios.looking_at(tmp_path)
    # A busy machine takes its time over what costs next to nothing.
    monkeypatch.setattr("kubepki.pki.parsing_process._PATIENCE", 2_400.0)
    parser = ParsingProcess(budget=0.05, max_file_size=1 << 20)
    (tmp_path / "a.p12").write_bytes(costly.pkcs12())
    (tmp_path / "b.p12").write_bytes(expensive())
    pki.install(tmp_path, "kubelet-client", DATA, "2026-01-01-00-00-00")
    scanner = Scanner(settings, ScanSettings(), password=pki.PASSWORD, parser=parser)
    for stamp in ("2026-02-01-00-00-00", "2026-03-01-00-00-00"):
        pki.install(tmp_path, "kubelet-client", DATA, stamp)
        states = {Path(state.path).name: state for state in scanner.scan().snapshot.paths}
        link = states["kubelet-client-current.pem"]
        assert link.link is not None
        assert link.link.target.endswith(f"{stamp}.pem")
        assert link.faults == ()
        for name in ("a.p12", "b.p12"):
            assert [fault.reason for fault in states[name].faults] == [Reason.TOO_COSTLY]
    scanner.close()


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"{}", b"[1]", b'["yes"]', b"[true,true]", b"[null]", b"[" * 100_000, b"\xff", b"[1e999]"],
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    """A process that was taken over can lie, and nothing else."""
    with pytest.raises(ValueError):  # noqa: PT011 - of whatever the decoder says
        wire.load(Verified, data)
    with pytest.raises(ValueError):  # noqa: PT011 - as above
        wire.load(Parsed, data)


def test_values_come_back() -> None:
    """Bytes, enumerations, what may be None and tuples."""
    question = Question(kind="k", cpu_seconds=1.5, container=Container.PKCS12, password=b"\xff\0", chain=(b"", b"a"))
    assert wire.load(Question, wire.dump(question)) == question
    assert wire.load(Verified, wire.dump(Verified(refusal="no"))) == Verified(refusal="no")
