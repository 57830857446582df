"""Kubeconfigs of several users, clusters and contexts, with every field that they may have, in every style of YAML."""

import json
from typing import Any, TypeVar

import yaml
from hypothesis import strategies as st

from tests.conformance.differences import CA, MINE, OTHER, base64_of

T = TypeVar("T")

# Small ones only: most of a file is of no consequence, and few names make that they meet.
_NAMES = st.sampled_from(["a", "b", "", "A", "a ", "yes", "5", "ä", "a/b"])
_EMPTY: dict[str, object] = {}
_EXTENSIONS: list[object] = [
    [],
    None,
    [None],
    [{}, {}],
    [{"name": "a", "extension": {"b": 5}}],
    [{"name": "a"}, {"name": "a", "extension": None}, {"name": "a", "extension": 5}],
    [{"name": "a", "extension": {"c": 1}}, {"name": "a", "extension": {"c": 2}}],
    [{"name": "a", "extension": "c"}, {"name": "b", "extension": []}, {"name": "a"}],
    [{"extension": False}, None],
    [{"extension": 0}, {"name": "", "extension": 0}],
]
_METHODS: list[dict[str, object]] = [
    {"client-certificate-data": base64_of(MINE.certificate_pem), "client-key-data": base64_of(MINE.key_pem)},
    {"client-certificate-data": base64_of(MINE.certificate_pem), "client-key-data": base64_of(MINE.key_pem)},
    {"client-certificate-data": base64_of(MINE.pem), "client-key-data": base64_of(MINE.pem)},
    {"client-certificate": "client.pem", "client-key": "client.pem"},
    {"client-certificate": "./client.pem", "client-key-data": base64_of(MINE.key_pem)},
    {"client-certificate-data": base64_of(MINE.certificate_pem), "client-key": "../kc/client.pem"},
    {"client-certificate-data": base64_of(MINE.certificate_pem), "client-key-data": base64_of(OTHER.key_pem)},
    {"client-certificate-data": base64_of(MINE.certificate_pem)},
    {"client-key-data": base64_of(MINE.key_pem)},
    {"client-certificate-data": base64_of(MINE.certificate_pem + CA.certificate_pem), "client-key": "client.pem"},
    {"client-certificate-data": "", "client-key-data": ""},
    {"client-certificate-data": None, "client-certificate": "client.pem", "client-key": "client.pem"},
]
_BESIDE: list[dict[str, object]] = [
    {"token": "a"},
    {"token": "a", "tokenFile": "nowhere"},
    {"tokenFile": "token"},
    {"tokenFile": "nowhere"},
    {"tokenFile": "/nowhere/token"},
    {"username": "a", "password": "b"},
    {"username": "a"},
    {"token": "a", "username": "b"},
    {"tokenFile": "token", "password": "b"},
    {"as": "a", "as-uid": "b", "as-groups": ["c"], "as-user-extra": {"d": ["e"]}},
    {"as-uid": "b"},
    {"as-user-extra": {}},
    {"auth-provider": {"name": "gcp", "config": {"a": "b"}}},
    {"auth-provider": {"name": "azure"}},
    {"auth-provider": {}},
    {"auth-provider": None},
    {"exec": {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Always"}},
    {"exec": {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1beta1", "args": ["a"], "env": None}},
    {"exec": {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1alpha1"}},
    {"exec": {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1beta1", "env": [{"name": "a"}]}},
    {"exec": {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1beta1", "env": [{"value": "a"}]}},
    {"exec": {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1beta1", "interactiveMode": "never"}},
    {"exec": {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1beta1", "provideClusterInfo": True}},
    {"exec": None},
    {"exec": {}, "token": "a"},
    *({"extensions": each} for each in _EXTENSIONS),
    {"unknown": {"a": [1, 2.5, None, True]}},
]
_TRUST: list[dict[str, object]] = [
    {"certificate-authority-data": base64_of(CA.certificate_pem)},
    {"certificate-authority-data": base64_of(CA.certificate_pem)},
    {"certificate-authority": "ca.pem"},
    {"certificate-authority": "ca.pem", "certificate-authority-data": base64_of(CA.certificate_pem)},
    {"certificate-authority": "nowhere.pem"},
    {"certificate-authority-data": base64_of(b"words")},
    {"certificate-authority-data": base64_of(MINE.pem)},
    {"insecure-skip-tls-verify": True},
    {"insecure-skip-tls-verify": True, "certificate-authority-data": base64_of(CA.certificate_pem)},
    {"insecure-skip-tls-verify": True, "certificate-authority": "ca.pem"},
    {"insecure-skip-tls-verify": False, "certificate-authority": "ca.pem"},
    _EMPTY,
]
_FURTHER: list[dict[str, object]] = [
    {"tls-server-name": "kubernetes.default"},
    {"tls-server-name": "10.0.0.1"},
    {"proxy-url": "http://p:3128"},
    {"proxy-url": "https://p"},
    {"proxy-url": "socks5://u:p@p:1"},
    {"proxy-url": "socks5h://p:1"},
    {"proxy-url": "p:3128"},
    {"proxy-url": "http://"},
    {"proxy-url": "http://p:port"},
    {"proxy-url": "http://[::1"},
    {"disable-compression": True},
    *({"extensions": each} for each in _EXTENSIONS),
    {"api-version": "v1"},
]
_SERVERS = ["http://a:1", "https://a:6443/k8s/clusters/c-1", "https://u:p@a", "a", "", "https://a?b#c"]
_LONG = "x" * 300_000


def _rarely(draw: st.DrawFn, usual: T, others: st.SearchStrategy[T], *, one_in: int = 16) -> T:
    """Return *usual*, and once in so many times one of *others*: else most files would have something wrong."""
    # hypothesis draws what is at the ends more often.
    return draw(others) if draw(st.integers(0, one_in)) == one_in // 2 else usual


@st.composite
def _user(draw: st.DrawFn) -> dict[str, object]:
    made = dict(draw(st.sampled_from(_METHODS)))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        made |= draw(st.sampled_from(_BESIDE))
    return made


@st.composite
def _cluster(draw: st.DrawFn) -> dict[str, object]:
    made: dict[str, object] = {"server": _rarely(draw, "https://127.0.0.1:6443", st.sampled_from(_SERVERS))}
    made |= draw(st.sampled_from(_TRUST))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        made |= draw(st.sampled_from(_FURTHER))
    return made


@st.composite
def _context(draw: st.DrawFn) -> dict[str, object]:
    made: dict[str, object] = {
        "user": _rarely(draw, "a", _NAMES, one_in=8),
        "cluster": _rarely(draw, "a", _NAMES, one_in=8),
    }
    if draw(st.integers(0, 3)) == 0:
        made["namespace"] = draw(st.sampled_from(["default", "", "A b", None, "x" * 300]))
    if draw(st.integers(0, 20)) == 10:
        del made[draw(st.sampled_from(["user", "cluster"]))]
    if draw(st.integers(0, 9)) == 5:
        made["extensions"] = draw(st.sampled_from(_EXTENSIONS))
    return made


@st.composite
def _named(draw: st.DrawFn, field: str, kind: st.SearchStrategy[dict[str, object]]) -> list[dict[str, object]]:
    """Return a list of one to three; the first is called `a`, so that most files are whole."""
    names = ["a", *draw(st.lists(_NAMES, max_size=2))]
    if draw(st.integers(0, 16)) != 8:
        names = list(dict.fromkeys(names))
    made: list[dict[str, object]] = [{"name": name, field: draw(kind)} for name in names]
    kind_of_change = draw(st.integers(0, 40))
    if kind_of_change == 10:
        del made[-1]["name"]
    elif kind_of_change == 11:
        del made[-1][field]
    elif kind_of_change == 12:
        made[-1][field] = None
    elif kind_of_change in {0, 13, 14}:
        made.reverse()
    return made


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Return a kubeconfig of several users, clusters and contexts."""
    made: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "users": draw(_named("user", _user())),
        "clusters": draw(_named("cluster", _cluster())),
        "contexts": draw(_named("context", _context())),
        "current-context": _rarely(draw, "a", st.sampled_from(["b", "", "A", "a ", None, "c"])),
    }
    kind = draw(st.integers(0, 30))
    if kind == 10:
        del made[draw(st.sampled_from(sorted(made)))]
    elif kind == 11:
        made["preferences"] = draw(
            st.sampled_from([{}, {"colors": True}, None, *({"extensions": each} for each in _EXTENSIONS)])
        )
    elif kind == 12:
        made["extensions"] = draw(st.sampled_from(_EXTENSIONS))
    elif kind == 13:
        made["x"] = _LONG
    if draw(st.integers(0, 9)) == 0:
        # What two of them share is written once, with an anchor.
        shared = made.get("users", [{}])[0].get("user")
        for each in made.get("users", []):
            each["user"] = shared
    return made


class _Plain(yaml.SafeDumper):
    """Writes what is shared anew each time."""

    def ignore_aliases(self, data: object) -> bool:
        """Return that there are none."""
        return data is not None


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """Return the bytes of a kubeconfig."""
    made = draw(documents())
    style = draw(
        st.sampled_from(["anchors", "anchors", "plain", "flow", "json", "narrow", "wide", "quoted", "folded", "merged"])
    )
    if style == "json":
        text = json.dumps(made, indent=draw(st.sampled_from([None, 1])), ensure_ascii=draw(st.booleans()))
    elif style == "merged":
        text = "x-defaults: &defaults\n  token: a\n" + yaml.dump(made, Dumper=_Plain)
        text = text.replace("  user:\n", "  user:\n    <<: *defaults\n", 1)
    else:
        text = yaml.dump(
            made,
            Dumper=yaml.SafeDumper if style == "anchors" else _Plain,
            allow_unicode=draw(st.booleans()),
            default_flow_style=style == "flow",
            width={"narrow": 10, "wide": 1 << 20}.get(style, 80),
            default_style={"quoted": '"', "folded": ">"}.get(style),
            indent=draw(st.sampled_from([2, 4])),
            explicit_start=draw(st.booleans()),
            explicit_end=draw(st.integers(0, 5)) == 0,
            version=_rarely(draw, None, st.sampled_from([(1, 1), (1, 2)])),
        )
    end = _rarely(draw, "\n", st.just("\r\n"))
    after = _rarely(
        draw, "", st.sampled_from(["---\n", "---\nkind: List\n", "---\n{\n", "...\n", "# words\n", "\t\n", "\0"])
    )
    return (text + after).replace("\n", end).encode()
