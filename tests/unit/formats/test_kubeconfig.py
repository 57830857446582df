"""What a kubeconfig says about certificates."""

import base64

import pytest

from kubepki.formats.kubeconfig import Kubeconfig, Reference, ReferenceKind
from kubepki.formats.kubeconfig_reader import parse_kubeconfig
from kubepki.model import Reason
from tests.support import pki

CA = pki.authority()


def details(kubeconfig: Kubeconfig) -> str:
    return "; ".join(fault.detail for fault in kubeconfig.faults)


def test_embedded_data() -> None:
    """Embedded certificates have entries of their own, further ones a number, and the key is judged."""
    pair, pair_chain = pki.client(CA), pki.self_signed()
    data = pki.kubeconfig(
        [
            pki.User(name="a", certificate=pair.certificate_pem, key=pair.key_pem),
            pki.User(name="b", certificate=pair_chain.certificate_pem, key=pair_chain.key_pem),
        ],
        [pki.Cluster(name="k", ca=CA.certificate_pem + pki.authority("next").certificate_pem)],
    )
    found = parse_kubeconfig(data)
    assert found.faults == ()
    assert [each.entry for each in found.embedded] == ["user/a", "user/b", "user/b/1", "cluster/k", "cluster/k/1"]
    assert found.key_match is True
    assert found.references == ()


def test_references_stay_as_written() -> None:
    """Referenced files are named with the owner's entry and the path as it stands."""
    data = pki.kubeconfig(
        [pki.User(name="a", certificate="pki/a.pem", key="/k/a.key")], [pki.Cluster(name="k", ca="../ca.crt")]
    )
    found = parse_kubeconfig(data)
    assert found.references == (
        Reference(entry="user/a", kind=ReferenceKind.CERTIFICATE, path="pki/a.pem"),
        Reference(entry="user/a", kind=ReferenceKind.KEY, path="/k/a.key"),
        Reference(entry="cluster/k", kind=ReferenceKind.CA, path="../ca.crt"),
    )
    assert (found.embedded, found.faults, found.key_match) == ((), (), None)


def test_embedded_data_wins_over_a_reference() -> None:
    """As in client-go, a path beside embedded data is not used, and empty fields are none."""
    text = f"users: [{{name: a, user: {{client-certificate: /a, client-certificate-data: {_b64(CA.certificate_pem)}, "
    text += "client-key: '', client-key-data: ''}}]"
    found = parse_kubeconfig(text.encode())
    assert found.references == ()
    assert [each.entry for each in found.embedded] == ["user/a"]


@pytest.mark.parametrize(
    ("matches", "expected"),
    [((True, True), True), ((True, False), False), ((True, None), True), ((None, None), None)],
)
def test_key_match(matches: tuple[bool | None, ...], *, expected: bool | None) -> None:
    """One pair that does not match decides; what cannot be told does not count."""
    users = []
    for number, match in enumerate(matches):
        pair = pki.client(CA)
        key = pair.key_pem if match else pki.client(CA).key_pem
        if match is None:
            key = pki.key_pem(pair.key, pki.KeyForm.ENCRYPTED)
        users.append(pki.User(name=str(number), certificate=pair.certificate_pem, key=key))
    assert parse_kubeconfig(pki.kubeconfig(users, current_context="")).key_match is expected


def test_damaged_leaf_does_not_make_a_mismatch() -> None:
    """Where the embedded leaf is damaged, the certificate behind it is not compared with the key."""
    broken = b"-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"
    user = pki.User(certificate=broken + CA.certificate_pem, key=pki.client(CA).key_pem)
    found = parse_kubeconfig(pki.kubeconfig([user]))
    assert found.key_match is None
    assert [fault.reason for fault in found.faults] == [Reason.UNPARSABLE]


def test_server_of_the_current_context() -> None:
    """The server is the current context's, with all that is needed to trust it; None without a current context."""
    clusters = [
        pki.Cluster(name="one", ca="/ca.crt", insecure=True),
        pki.Cluster(name="two", server="https://[::1]:6443", ca=CA.certificate_pem, tls_server_name="k"),
    ]
    users = [pki.User(name="a"), pki.User(name="b")]
    found = parse_kubeconfig(pki.kubeconfig(users, clusters, current_context="b@two"))
    assert found.server is not None
    assert (found.server.url, found.server.tls_server_name) == ("https://[::1]:6443", "k")
    assert (found.server.ca_data, found.server.ca_path) == (CA.certificate_pem, None)
    assert not found.server.insecure
    assert found.current_user is not None
    assert found.current_user.name == "b"
    first = parse_kubeconfig(pki.kubeconfig(users, clusters)).server
    assert first is not None
    assert (first.ca_path, first.insecure) == ("/ca.crt", True)
    assert parse_kubeconfig(pki.kubeconfig(users, clusters, current_context="gone")).server is None


@pytest.mark.parametrize(
    "data",
    [
        b"# only a comment\n",
        b"null",
        b"{}",
        b"users: null\nclusters: []\n",
        b"users: [{name: a, user: {token: abc, tokenFile: /t, exec: {command: x}}}]",
        b"users: [{name: a}]",
    ],
)
def test_no_certificates_is_no_fault(data: bytes) -> None:
    """A kubeconfig of tokens and plugins, or with nothing in it, is healthy."""
    assert parse_kubeconfig(data).faults == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"\0" * 100, Reason.UNPARSABLE),
        (b"\xff\xfe\xfd", Reason.UNPARSABLE),
        (b"hello", Reason.UNPARSABLE),
        (b"[1, 2]", Reason.UNPARSABLE),
        (b"a: [", Reason.UNPARSABLE),
        (b"a: b: c", Reason.UNPARSABLE),
        (b"a: *nowhere", Reason.UNPARSABLE),
        (b"users: 5", Reason.UNPARSABLE),
        (b"users: {a: b}", Reason.UNPARSABLE),
        (b"users: [1, [], null, {name: {}}, {name: a, user: []}]", Reason.UNPARSABLE),
        (b"users: [{name: a}, {name: a}]", Reason.UNPARSABLE),
        (b"users: [{name: a, user: {client-certificate-data: '???'}}]", Reason.UNPARSABLE),
        (b"users: [{name: a, user: {client-certificate-data: AAAA}}]", Reason.UNPARSABLE),
        (b"clusters: [{name: a, cluster: {certificate-authority-data: \xc3\xa9}}]", Reason.UNPARSABLE),
        (b"[" * 100_000, Reason.UNPARSABLE),
        (b"a: " + b"{a: " * 100_000, Reason.UNPARSABLE),
        (b"a: &a [x]\nb: [" + b"*a, " * 1000 + b"]", Reason.UNPARSABLE),
        (b"- a\n" * 200_000, Reason.UNPARSABLE),
    ],
    ids=range(19),
)
def test_faults(data: bytes, reason: Reason) -> None:
    """Junk at every level is one fault and never an exception."""
    assert [fault.reason for fault in parse_kubeconfig(data).faults] == [reason]


@pytest.mark.parametrize(
    "tree",
    [b"users: &a [*a]", b"users: &a\n- name: *a\n  user: *a", b"&a a: *a", b"? [x]\n: y", b"users: !!python/none x"],
)
def test_odd_yaml_never_raises(tree: bytes) -> None:
    """Circles, keys that are no scalars and tags are read without constructing anything."""
    repr(parse_kubeconfig(tree).faults)


def test_tags_construct_nothing() -> None:
    """A tag of a language object leaves a text."""
    data = b"current-context: !!python/object/apply:os.getcwd []\nusers: [{name: !!timestamp 9999-99-99}]"
    found = parse_kubeconfig(data)
    assert (found.current_context, [each.name for each in found.users]) == ("", ["9999-99-99"])


def test_lone_surrogate_fits_a_label() -> None:
    """An escape that is no Unicode is refused by libyaml, or does not break the text of a label or path."""
    found = parse_kubeconfig(b'users: [{name: "\\ud800", user: {client-certificate: "/a"}}]')
    assert [fault.reason for fault in found.faults] == [Reason.UNPARSABLE] or found.users[0].name.encode()


def test_entries_are_unique() -> None:
    """A user who is named like another one's further certificate does not share its entry."""
    chain = pki.self_signed().certificate_pem
    users = [pki.User(name="a", certificate=chain), pki.User(name="a/1", certificate=chain)]
    entries = [each.entry for each in parse_kubeconfig(pki.kubeconfig(users)).embedded]
    assert len(entries) == len(set(entries)) == 4


def test_fault_names_a_place_and_quotes_nothing() -> None:
    """Of a broken line only its place is told, even when the line is a private key."""
    key = pki.client(CA).key_pem
    found = parse_kubeconfig(b"a:\n  b: c\n d: " + base64.b64encode(key) + b": x\n")
    assert "line 3" in details(found)
    assert base64.b64encode(key).decode()[:20] not in repr(found)
    cut = parse_kubeconfig(pki.kubeconfig([pki.User(name="a", certificate=CA.certificate_pem[:99], key=key[:-30])]))
    assert details(cut).startswith("users[0].user.client-")
    assert not [line for line in key.decode().splitlines() if len(line) > 8 and line in repr(cut)]


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://a:6443", "https://a:6443"),
        ("10.0.0.1:6443", "https://10.0.0.1:6443"),
        ("node30", "https://node30"),
        ("localhost:6443", "https://localhost:6443"),
        ("[::1]:6443", "https://[::1]:6443"),
        ("http://a", "http://a"),
    ],
)
def test_a_server_without_a_scheme_is_asked_with_tls(written: str, url: str) -> None:
    """As client-go completes it, where there is a CA or a certificate (rest.DefaultServerURL)."""
    users = [pki.User(certificate=CA.certificate_pem, key=CA.key_pem)]
    made = pki.kubeconfig(users, [pki.Cluster(server=written, ca=CA.certificate_pem)])
    found = parse_kubeconfig(made).server
    assert found is not None
    assert found.url == url
