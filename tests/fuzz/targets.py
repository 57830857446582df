"""A target for each parser of bytes from outside: it must return, or refuse with the error that is for it."""

import io
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from kubepki.clocks.https import date_of
from kubepki.clocks.net import UnreadableClockError
from kubepki.clocks.state_file import from_json
from kubepki.config.paths import covers
from kubepki.config.schema import parse_config
from kubepki.formats import jobs, wire
from kubepki.formats.components import Component
from kubepki.formats.go_certificate import certificate_refusal
from kubepki.formats.kubeconfig import Kubeconfig
from kubepki.formats.parsed import Container, ParsedFile
from kubepki.metrics.exposition import gzip_accepted, negotiate
from kubepki.model import MAX_LABEL, path_label, safe_text
from kubepki.pki.frames import Question
from kubepki.rules.site_file import KEYS, parse_site
from kubepki.settings import ConfigError
from kubepki.web.config_file import parse_web_config
from kubepki.web.request import RefusedError, read_request
from tests.fuzz import words
from tests.support import costly, pki

_LIMIT = 16 * 1024


@dataclass(frozen=True, kw_only=True)
class Target:
    """One parser, the inputs from which the search begins, and words that no search finds byte by byte."""

    name: str
    run: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[bytes, ...] = ()


def _pem(data: bytes) -> None:
    found = jobs.read_file(data, None, Container.PEM_OR_DER)
    # What crosses to the service must come back as it was.
    assert wire.load(ParsedFile, wire.dump(found)) == found


def _kubeconfig(data: bytes) -> None:
    found = jobs.read_kubeconfig(data)
    assert wire.load(Kubeconfig, wire.dump(found)) == found


def _component(data: bytes) -> None:
    found = jobs.read_component(data)
    assert wire.load(Component, wire.dump(found)) == found


def _answers(data: bytes) -> None:
    for kind in (ParsedFile, Kubeconfig, Component, Question):
        with suppress(ValueError):
            wire.load(kind, data)


def _request(data: bytes) -> None:
    with suppress(RefusedError):
        read_request(io.BytesIO(data).readline)


def _headers(data: bytes) -> None:
    text = data.decode("latin-1")
    negotiate(text)
    gzip_accepted(text)


def _config(data: bytes) -> None:
    with suppress(ConfigError):
        parse_config(data, source="fuzz", base="/")


def _web_config(data: bytes) -> None:
    with suppress(ConfigError):
        parse_web_config(data, path="/fuzz")


def _site(data: bytes) -> None:
    with suppress(ConfigError):
        parse_site(data, source="fuzz")


def _text(data: bytes) -> None:
    for text in (data.decode("utf-8", "surrogateescape"), data.decode("utf-8", "replace")):
        assert safe_text(text).isprintable()
        assert len(path_label(text)) <= MAX_LABEL


def _state(data: bytes) -> None:
    with suppress(ValueError, RecursionError):
        from_json(data)


def _date(data: bytes) -> None:
    with suppress(UnreadableClockError):
        date_of(data)


def _glob(data: bytes) -> None:
    pattern, _, path = data.decode("latin-1").partition("\0")
    # The longest path that the kernel takes (path_resolution(7)).
    covers(pattern[:4_096], path[:4_096])


def _files() -> Iterable[bytes]:
    authority = pki.authority()
    for kind in pki.KeyType:
        pair = pki.client(authority, key=pki.new_key(kind))
        yield pair.pem
        yield pair.der
        yield pki.key_pem(pair.key, pki.KeyForm.PKCS8)
    yield authority.certificate_pem * 3
    yield from (make() for name, make in costly.FILES.items() if name.endswith(".pem") and name != "certificates.pem")


def _bundle(data: bytes) -> None:
    jobs.read_file(data, b"secret", Container.PKCS12)


def _bundles() -> Iterable[bytes]:
    yield pki.pkcs12_bytes(pki.self_signed(kind=pki.KeyType.EC))
    yield pki.pkcs12_bytes(pki.self_signed(kind=pki.KeyType.EC), None)
    yield costly.pkcs12()
    yield costly.pkcs12_bag(2**40)


def _configs() -> Iterable[bytes]:
    pair = pki.client(pki.authority())
    yield pki.kubeconfig(
        [pki.User(certificate=pair.certificate_pem, key=pair.key_pem)], [pki.Cluster(ca=pair.certificate_pem)]
    )
    yield pki.kubeconfig([pki.User(certificate="a.pem", key="a.pem")], [pki.Cluster(ca="ca.crt")])
    yield b"a: &a [1, 2]\nb: {<<: {c: *a}, d: !!str x}\n"


def _components() -> Iterable[bytes]:
    yield (
        b"apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
        b"authentication: {x509: {clientCAFile: /a}}\n"
    )
    yield (
        b"kind: Pod\nspec:\n  containers:\n  - command: [kube-apiserver, --client-ca-file=/a/ca.crt, --config=/b]\n"
        b"    volumeMounts: [{mountPath: /a, name: v}]\n  volumes: [{name: v, hostPath: {path: /host/a}}]\n"
    )
    yield b"[Service]\nExecStart=/usr/bin/etcd --trusted-ca-file=/a\nETCD_PEER_TRUSTED_CA_FILE=/b\n"


def _wire() -> Iterable[bytes]:
    yield wire.dump(jobs.read_file(pki.client(pki.authority()).pem, None, Container.PEM_OR_DER))
    yield from (wire.dump(jobs.read_kubeconfig(each)) for each in _configs())


TARGETS = (
    Target(name="pem", run=_pem, seeds=_files, words=(*words.PEM, *words.DER)),
    Target(
        name="pkcs12",
        run=_bundle,
        seeds=_bundles,
        words=words.DER,
    ),
    Target(
        name="go_certificate",
        run=certificate_refusal,
        seeds=lambda: (pki.authority().der, pki.self_signed().der),
        words=words.DER,
    ),
    Target(name="kubeconfig", run=_kubeconfig, seeds=_configs, words=(*words.YAML, *words.KUBECONFIG)),
    Target(
        name="component",
        run=_component,
        seeds=_components,
        words=(
            *words.YAML,
            b"clientCAFile: ",
            b"command: ",
            b"hostPath: ",
            b"mountPath: ",
            b"--config=",
            b"--client-ca-file ",
        ),
    ),
    Target(
        name="site",
        run=_site,
        seeds=lambda: (b"labels: {team: platform}\n", b"thresholds: {leaf_warning: 30d, ca_warning_share: 10%}\n"),
        words=(*words.YAML, *(key.encode() for key in KEYS)),
    ),
    Target(name="text", run=_text, seeds=lambda: ("a\u202e\u2028\x9b\x7f\n".encode() + b"\xff\\", b"-rf $(x) `y` 'z'")),
    Target(name="answers", run=_answers, seeds=_wire),
    Target(
        name="request",
        run=_request,
        seeds=lambda: (
            b"GET /metrics?name[]=a HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip;q=0.5\r\nConnection: close\r\n\r\n",
            b"POST http://a/ HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        ),
        words=words.HTTP,
    ),
    Target(
        name="headers",
        run=_headers,
        seeds=lambda: (
            b"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5",
            b"gzip;q=0.5, identity;q=0, *;q=0",
        ),
        words=words.ACCEPT,
    ),
    Target(
        name="config",
        run=_config,
        seeds=lambda: (
            b"pki:\n  directories: [/a, /b]\n  files: ['/a/**/*.pem']\nscan:\n  interval: 1m30s\n",
            b"web: {listen_addresses: [':1']}\nclock: {references: [{ntp: a}]}\n",
        ),
        words=(*words.YAML, *words.KEYS),
    ),
    Target(
        name="web_config",
        run=_web_config,
        seeds=lambda: (
            b"tls_server_config: {cert_file: a, key_file: b, min_version: TLS12}\nbasic_auth_users: {a: $2y$10$x}\n",
            b"http_server_config: {headers: {X-Frame-Options: deny}}\n",
        ),
        words=words.YAML,
    ),
    Target(
        name="state",
        run=_state,
        seeds=lambda: (
            json.dumps({"version": 1, "last_synchronized": 1.5, "links": {}, "sources": ["/a"]}).encode(),
            b"{}",
        ),
    ),
    Target(
        name="date",
        run=_date,
        seeds=lambda: (b"HTTP/1.1 401 Unauthorized\r\nDate: Wed, 01 Sep 2021 13:21:24 GMT\r\nAge: 3\r\n\r\n",),
    ),
    Target(
        name="glob",
        run=_glob,
        seeds=lambda: (b"/a/**/b*/[x]?.pem\0/a/b/c/bd/x1.pem", b"/**/**/**/**/x\0" + b"/d" * 900),
    ),
)
