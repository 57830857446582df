"""What the names of PKI files mean."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from kubepki.pki import layout

DATED = "kubelet-client-2021-09-01-13-21-24.pem"


@pytest.mark.parametrize("name", ["a.pem", "A.PEM", "b.crt", "c.cer", "d.der", "e.p12", "f.pfx", "a.b.pem"])
def test_a_certificate_by_its_name(name: str) -> None:
    """The six suffixes of the contract, in any case."""
    assert layout.is_certificate_name(name)


@pytest.mark.parametrize("name", ["kubelet.key", "a.pem.bak", "pem", "kubelet-client.key.tmp", "a.pem~", ""])
def test_what_is_no_certificate_by_its_name(name: str) -> None:
    """Keys, copies and files in the making are not looked at."""
    assert not layout.is_certificate_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "ca.bak.crt",
            "ca.OLD.crt",
            "ca.orig.pem",
            "ca.crt.save.crt",
            "ca.dpkg-old.crt",
            "ca.rpmsave.crt",
            "ca.tmp.crt",
        ),
        *("ca copy.crt", "ca copy 2.crt", "ca (copy).crt", "ca (1).crt", "ca (3rd copy).crt", "ca - Copy.crt"),
        *("ca - Copy (2).crt", "Copy of ca.crt", "a/b/ca.bak.crt", "ca.backup.p12"),
        *("ca.bak1.crt", "ca.bak.20250101.crt", "ca.old-2025-01-01.crt", "ca.previous.pem", "ca.swo.pem", "ca.~1~.crt"),
        *("ca.ucf-old.crt", "ca.pacsave.crt", "ca.disabled.crt", "ca.crt.part.crt", "tmp.AbCdEfGhIj.pem"),
        *("ca.sync-conflict-20261129-010203-ABCDEFG.crt", "ca~20261129-010203.crt", "__salt.tmp.ab3def.crt"),
        *("ca (node1's conflicted copy 2026-11-29).crt", "ca_BACKUP_1234.crt", "ca_REMOTE_17.crt", "Kopie von ca.crt"),
        *("ca (Kopie).crt", "ca - Kopie.crt", "Copy (2) of ca.crt", "kubelet-client-current (1).pem"),
    ],
)
def test_copies_are_nobodys_certificates(name: str) -> None:
    """What editors, packages, file managers and people put aside says so in its name."""
    assert layout.is_copy(name)
    assert not layout.is_certificate_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "ca.crt",
            "a.b.pem",
            "old.crt",
            "bak.crt",
            "copy.crt",
            "member-node1.example.org.pem",
            "backup.crt",
            "tmp.pem",
        ),
        *("old.node.crt", "tmpserver.pem", "my_local_ca.crt", "ca.2025.crt", "ca_remote.crt", "x.copying.crt"),
        *("apiserver-old.crt", "node 1.crt", "kubelet-client-current.pem", DATED, "etcd-serving-node.old.example.crt"),
    ],
)
def test_names_that_are_no_copies(name: str) -> None:
    """A host may be called so; what a name alone does not tell is looked at."""
    assert not layout.is_copy(name)
    assert layout.is_certificate_name(name)


@pytest.mark.parametrize("name", ["backup", "tls.old", "certs-backup", "BAK", "pki.bak-20250101", "tls (copy)", "tls~"])
def test_directories_that_are_put_aside(name: str) -> None:
    """Nothing in them is read by a component."""
    assert layout.is_put_aside_directory(name)


@pytest.mark.parametrize("name", ["etcd", "temporary-certs", "kube-apiserver-pod-12", "secrets", "backups2go", "gold"])
def test_directories_of_components(name: str) -> None:
    """k3s' and OpenShift's own, and what only sounds like one."""
    assert not layout.is_put_aside_directory(name)


@pytest.mark.parametrize(
    ("name", "dated", "current", "updated"),
    [
        (DATED, "kubelet-client", None, None),
        ("kubelet-client-current.pem", None, "kubelet-client", None),
        ("kubelet-server-updated.pem", None, None, "kubelet-server"),
        ("-current.pem", None, None, None),
        ("-updated.pem", None, None, None),
        ("-2021-09-01-13-21-24.pem", None, None, None),
        ("kubelet-client-2021-09-01-13-21-24.crt", None, None, None),
        ("kubelet-client-2021-09-01-13-21.pem", None, None, None),
        (f"{DATED}.bak", None, None, None),
        ("Copy of kubelet-client-current.pem", None, None, None),
        ("~kubelet-client-current.pem", None, None, None),
        ("x\n-2021-09-01-13-21-24.pem", "x\n", None, None),
    ],
)
def test_prefixes(name: str, dated: str | None, current: str | None, updated: str | None) -> None:
    """A name is dated, a current link, an updated link, or none of them."""
    assert (layout.dated_prefix(name), layout.current_prefix(name), layout.updated_prefix(name)) == (
        dated,
        current,
        updated,
    )


def test_the_stamp_is_local_time() -> None:
    """The same name is another moment in another zone."""
    assert layout.name_time(DATED, UTC) == 1_630_502_484
    assert layout.name_time(DATED, ZoneInfo("Asia/Kolkata")) == 1_630_502_484 - 5.5 * 3600


def test_of_an_ambiguous_hour_the_first_is_taken() -> None:
    """On the last Sunday of October 2021, 02:30 came twice in Berlin."""
    name = "kubelet-client-2021-10-31-02-30-00.pem"
    assert layout.name_time(name, ZoneInfo("Europe/Berlin")) == 1_635_640_200


@pytest.mark.parametrize("name", ["kubelet.crt", "kubelet-client-2021-13-41-25-61-61.pem", "x-0000-01-01-00-00-00.pem"])
def test_no_stamp(name: str) -> None:
    """A name without a stamp, or with one that no calendar holds, has no time."""
    assert layout.name_time(name, UTC) is None


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("kubelet.crt", "kubelet.key"),
        ("a.b.crt", "a.b.key"),
        ("node.pem", "node-key.pem"),
        ("node-key.pem", None),
        ("node.der", None),
        (".crt", None),
        ("crt", None),
    ],
)
def test_sibling_key(name: str, key: str | None) -> None:
    """`X.crt` pairs with `X.key` and `X.pem` with `X-key.pem`."""
    assert layout.sibling_key_name(name) == key


def test_the_static_serving_certificate_is_superseded_by_the_rotated_one() -> None:
    """`kubelet.crt` is what the kubelet presents until it has a `kubelet-server-current.pem`."""
    names = frozenset({"kubelet.crt", "kubelet-server-current.pem"})
    assert layout.is_superseded_pair("kubelet.crt", names)
    assert not layout.is_superseded_pair("kubelet.crt", frozenset({"kubelet.crt", "kubelet-client-current.pem"}))
    assert not layout.is_superseded_pair("ca.crt", names)


@pytest.mark.parametrize("prefix", ["kubelet-client", "kubelet-server"])
def test_the_pair_of_a_store_is_superseded_by_its_link(prefix: str) -> None:
    """FileStore.Current() reads `PREFIX.crt` where there is no `PREFIX-current.pem`, and only there."""
    assert layout.is_superseded_pair(f"{prefix}.crt", frozenset({f"{prefix}.crt", f"{prefix}-current.pem"}))
    assert not layout.is_superseded_pair(f"{prefix}.crt", frozenset({f"{prefix}.crt", "other-current.pem"}))
