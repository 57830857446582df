"""A target for each parser of bytes from outside."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kubepki.formats.go_certificate import certificate_refusal
from kubepki.rules.site_file import KEYS
from tests.fuzz import runs, seeds, words
from tests.fuzz.mutate import Mutator, mutate_der, mutate_pem

# By target: what a search has found once, as small as it could be made. It must never be found again.
FOUND = Path(__file__).parent / "found"


@dataclass(frozen=True, kw_only=True)
class Target:
    """One parser, the inputs from which the search begins, and words that no search finds byte by byte.

    `mutate` changes an input by its structure; without it the fuzzer changes bytes. `each_second` is how many inputs
    a third of a core examines in a second: a search that can be repeated has a number of them, and no time.
    """

    name: str
    run: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    each_second: int
    words: tuple[bytes, ...] = ()
    mutate: Mutator | None = None

    def found(self) -> list[Path]:
        """Return the files that hold what was found once."""
        return sorted((FOUND / self.name).glob("*"))


TARGETS = (
    Target(
        name="pem", run=runs.pem, seeds=seeds.files, words=(*words.PEM, *words.DER), mutate=mutate_pem, each_second=250
    ),
    Target(
        name="certificate",
        run=runs.certificate,
        seeds=seeds.encoded_certificates,
        words=words.DER,
        mutate=mutate_der,
        each_second=300,
    ),
    Target(name="key", run=runs.key, seeds=seeds.encoded_keys, words=words.DER, mutate=mutate_der, each_second=200),
    Target(name="chain", run=runs.chain, seeds=seeds.chains, words=words.DER, mutate=mutate_der, each_second=480),
    Target(name="pkcs12", run=runs.bundle, seeds=seeds.bundles, words=words.DER, mutate=mutate_der, each_second=230),
    Target(
        name="go_certificate",
        run=certificate_refusal,
        seeds=seeds.encoded_certificates,
        words=words.DER,
        each_second=2_300,
    ),
    Target(name="ca", run=runs.ca, seeds=seeds.files, words=words.PEM, mutate=mutate_pem, each_second=330),
    Target(
        name="kubeconfig",
        run=runs.kubeconfig,
        seeds=seeds.kubeconfigs,
        words=(*words.YAML, *words.KUBECONFIG),
        each_second=530,
    ),
    Target(
        name="component",
        run=runs.component,
        seeds=seeds.components,
        words=(*words.YAML, *words.COMPONENT),
        each_second=1_100,
    ),
    Target(
        name="site",
        run=runs.site,
        seeds=lambda: (b"labels: {team: platform}\n", b"thresholds: {leaf_warning: 30d, ca_warning_share: 10%}\n"),
        words=(*words.YAML, *(key.encode() for key in KEYS)),
        each_second=2_900,
    ),
    Target(
        name="text",
        run=runs.text,
        seeds=lambda: ("a\u202e\u2028\x9b\x7f\n".encode() + b"\xff\\", b"-rf $(x) `y` 'z'"),
        each_second=1_250,
    ),
    Target(name="answers", run=runs.answers, seeds=seeds.answers, each_second=3_000),
    Target(
        name="request",
        run=runs.request,
        seeds=lambda: (
            b"GET /metrics?name[]=a HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip;q=0.5\r\nConnection: close\r\n\r\n",
            b"POST http://a/ HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
            b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YTpi\r\nAccept: text/plain\r\n\r\n",
        ),
        words=words.HTTP,
        each_second=2_400,
    ),
    Target(
        name="headers",
        run=runs.headers,
        seeds=lambda: (
            b"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5",
            b"gzip;q=0.5, identity;q=0, *;q=0",
        ),
        words=words.ACCEPT,
        each_second=2_200,
    ),
    Target(
        name="config",
        run=runs.config,
        seeds=lambda: (
            b"pki:\n  directories: [/a, /b]\n  files: ['/a/**/*.pem']\nscan:\n  interval: 1m30s\n",
            b"web: {listen_addresses: [':1']}\nclock: {references: [{ntp: a}]}\n",
        ),
        words=(*words.YAML, *words.KEYS),
        each_second=1_350,
    ),
    Target(
        name="web_config",
        run=runs.web_config,
        seeds=lambda: (
            b"tls_server_config: {cert_file: a, key_file: b, min_version: TLS12}\nbasic_auth_users: {a: $2y$10$x}\n",
            b"http_server_config: {headers: {X-Frame-Options: deny}}\n",
        ),
        words=words.YAML,
        each_second=1_500,
    ),
    Target(
        name="state",
        run=runs.state,
        seeds=lambda: (
            json.dumps({"version": 1, "last_synchronized": 1.5, "links": {}, "sources": ["/a"]}).encode(),
            b"{}",
        ),
        each_second=15_000,
    ),
    Target(
        name="date",
        run=runs.date,
        seeds=lambda: (b"HTTP/1.1 401 Unauthorized\r\nDate: Wed, 01 Sep 2021 13:21:24 GMT\r\nAge: 3\r\n\r\n",),
        each_second=13_000,
    ),
    Target(
        name="mounts",
        run=runs.mounts,
        seeds=lambda: (
            b"36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n",
            b"99 28 0:44 / /var/lib/a rw,nosuid - fuse.x a rw,user_id=0\n",
        ),
        each_second=3_700,
    ),
    Target(
        name="glob",
        run=runs.glob,
        seeds=lambda: (b"/a/**/b*/[x]?.pem\0/a/b/c/bd/x1.pem", b"/**/**/**/**/x\0" + b"/d" * 900),
        each_second=2_700,
    ),
)
