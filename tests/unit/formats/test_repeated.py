"""What a file of a mebibyte may hold as often as it likes costs no more than any input may."""

import base64
import itertools
from collections.abc import Callable, Iterator

import pytest

from kubepki.formats import jobs
from kubepki.formats.parsed import Container
from tests.conformance.asn1 import Parts, extension, value
from tests.fuzz.oracle import INPUT_BYTES, examine
from tests.support import costly, pki

_NAME = bytes.fromhex("0603550403")
_PART = value(0x30, _NAME, value(0x0C, b"a"))
_CONFIG = b"apiVersion: v1\nkind: Config\n"


def _repeated(text: bytes) -> bytes:
    return text * (INPUT_BYTES * 9 // 10 // len(text))


def _held(parts: Callable[[], Parts]) -> Callable[[], bytes]:
    return lambda: costly.pem("CERTIFICATE", parts().encoded())


def _names(*values: bytes) -> Parts:
    return Parts(extensions=[extension(17, value(0x30, *values))])


def _nested() -> bytes:
    inner = b"\x05\0"
    while len(inner) < 500_000:
        inner = value(0x30, inner) if len(inner) < 65_536 else value(0x30, inner * 2)
    return inner


def _different_extensions() -> Iterator[bytes]:
    for first, second in itertools.product(range(127), range(127)):
        yield value(0x30, value(0x06, bytes((0x2A, 3, first, second))), value(0x04, b""))


FILES: dict[str, Callable[[], bytes]] = {
    "begin": lambda: _repeated(b"-----BEGIN CERTIFICATE-----\n"),
    "empty_blocks": lambda: _repeated(b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
    "headers": lambda: b"-----BEGIN A-----\n" + _repeated(b"a: b\n") + b"-----END A-----\n",
    "other_ends": lambda: _repeated(b"-----BEGIN A-----\na:b\n\n-----END B-----\n"),
    "one_begin": lambda: b"-----BEGIN A-----\n" + _repeated(b"AAAA\n-----END B-----\n"),
    "blanks": lambda: b"-----BEGIN A-----" + _repeated(b" \t") + b"\n",
    "no_certificates": lambda: _repeated(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
    "no_keys": lambda: _repeated(b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"),
    "keys": lambda: _repeated(pki.key_pem(pki.new_key())),
    "name_of_parts": _held(lambda: Parts(name=value(0x30, value(0x31, _PART * 30_000)))),
    "name_of_sets": _held(lambda: Parts(name=value(0x30, value(0x31, _PART) * 25_000))),
    "long_name": _held(lambda: Parts(name=value(0x30, value(0x31, value(0x30, _NAME, value(0x0C, b"+" * 300_000)))))),
    "serial": _held(lambda: Parts(serial=value(0x02, b"\1" * 700_000))),
    "extensions": _held(lambda: Parts(extensions=tuple(_different_extensions()))),
    "hosts": _held(lambda: _names(value(0x82, b"a") * 200_000)),
    "uris": _held(lambda: _names(value(0x86, b"a://b/c") * 50_000)),
    "long_uri": _held(lambda: _names(value(0x86, b"http://a/" + b"%20" * 200_000))),
    "purposes": _held(lambda: Parts(extensions=[extension(37, value(0x30, value(0x06, b"\x2a\3") * 120_000))])),
    "long_purpose": _held(
        lambda: Parts(extensions=[extension(37, value(0x30, value(0x06, b"\x2a" + b"\1" * 50_000)))])
    ),
    "nested": _held(lambda: Parts(extensions=[_nested()])),
}
KUBECONFIGS: dict[str, Callable[[], bytes]] = {
    "brackets": lambda: b"a: " + _repeated(b"["),
    "dashes": lambda: _repeated(b"- "),
    "keys": lambda: b"".join(b"k%d: 1\n" % number for number in range(80_000)),
    "aliases": lambda: b"a: &a [x]\nb: [" + _repeated(b"*a,") + b"]",
    "anchors": lambda: b"".join(b"a%d: &a%d x\n" % (number, number) for number in range(50_000)),
    "merges": lambda: b"a: &a {" + b"".join(b"k%d: 1," % number for number in range(20_000)) + b"}\n"
    + b"".join(b"b%d: {<<: *a}\n" % number for number in range(20_000)),
    "digits": lambda: b"a: " + _repeated(b"9"),
    "base_60": lambda: b"a: 1" + _repeated(b":59"),
    "tag_directives": lambda: b"".join(b"%%TAG !e%d! x:\n" % number for number in range(50_000)) + b"---\na: b\n",
    "tag_directives_utf_16": lambda: "".join(f"%TAG !e{number}! x:\n" for number in range(20_000)).encode("utf-16"),
    "users": lambda: _CONFIG + b"users:\n" + b"".join(
        b"- {name: u%d, user: {client-certificate: /a%d, client-key: /b}}\n" % (number, number)
        for number in range(13_000)
    ),
    "clusters": lambda: _CONFIG + b"clusters:\n" + b"".join(
        b"- {name: u%d, cluster: {certificate-authority-data: %b}}\n" % (number, base64.b64encode(bytes(60)))
        for number in range(6_000)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_files_cost_little(name: str) -> None:
    """Each is read at once, well or not."""
    examine(lambda data: jobs.read_file(data, None, Container.PEM_OR_DER), FILES[name]())


@pytest.mark.parametrize("name", KUBECONFIGS)
def test_yaml_costs_little(name: str) -> None:
    """As a kubeconfig and as the configuration of a component."""
    data = KUBECONFIGS[name]()
    examine(jobs.read_kubeconfig, data)
    examine(jobs.read_component, data)
