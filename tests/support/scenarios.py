"""*The* table of PKI directories: what is on the disk, what the clocks say, and what must be found.

Unit, golden and end-to-end tests and those of `check` take it as it is. Each scenario writes its tree below a root and
returns the settings that look at it. True time is `NOW`; mtimes and stamps are explicit, so that a scan gives the same
each time but for keys, serials and fingerprints.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from kubepki.model import Reading, Reason, ReferenceReading, Rotation
from kubepki.pki.wanted_paths import MAX_SUPERSEDED
from kubepki.settings import Directory, FilePattern, Kubeconfig, PkiSettings
from tests.support import costly, pki

NOW = pki.NEW_YEAR + 100 * pki.DAY
LEAD = 2 * pki.HOUR + 11 * 60
BACKDATED = 300.0
CLIENT = "kubelet-client-current.pem"
SERVER = "kubelet-server-current.pem"


def reading(  # noqa: PLR0913 - the clocks, each explicit
    *,
    host: float = 0.0,
    apiserver: float | None = 0.0,
    spread: float = 0.0,
    synchronized: bool | None = True,
    last_synchronized: float | None = NOW,
    rotations: tuple[Rotation, ...] = (),
    now: float = NOW,
) -> Reading:
    """Return a reading whose clocks are off true time by the given seconds; None: there is no such clock.

    *spread* is by how many seconds another API server behind the same address is ahead of that one.
    """
    references: tuple[ReferenceReading, ...] = ()
    if apiserver is not None:
        shown = (NOW - pki.YEAR / 2, NOW + pki.YEAR / 2)
        offset = apiserver - host
        judge = ReferenceReading(clock="apiserver", up=True, offset=offset, spread=spread, certificate=shown)
        references = (judge,)
    return Reading(
        host_time=now + host,
        synchronized=synchronized,
        max_error=0.01 if synchronized else 16.0,
        estimated_error=0.001,
        last_synchronized=last_synchronized,
        references=references,
        rotations=rotations,
    )


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One tree and what it means.

    `build` writes below a root and returns the settings. `remembered` are the links, relative to that root, that the
    service had seen before. `faults` are the expected (name, reason) pairs, `findings` the
    expected (code, name) pairs, `name` being the last component of the path.
    """

    name: str
    build: Callable[[Path], PkiSettings]
    reading: Reading = field(default_factory=reading)
    faults: frozenset[tuple[str, Reason]] = frozenset()
    findings: frozenset[tuple[str, str]] = frozenset()
    remembered: tuple[str, ...] = ()


def stamp(moment: float) -> str:
    """Return the kubelet's stamp for *moment*, in UTC."""
    import time  # noqa: PLC0415 - for the one call that formats

    return time.strftime("%Y-%m-%d-%H-%M-%S", time.gmtime(moment))


def looking_at(directory: Path, *, explicit: bool = True, kubeconfigs: tuple[Path, ...] = ()) -> PkiSettings:
    """Return settings for one directory and kubeconfigs; stamps are read as UTC."""
    return PkiSettings(
        directories=(Directory(path=str(directory), explicit=explicit),),
        kubeconfigs=tuple(Kubeconfig(path=str(path), optional=True) for path in kubeconfigs),
        timezone="UTC",
    )


def install(directory: Path, pair: pki.Pair, moment: float, prefix: str = "kubelet-client") -> Path:
    """Let the kubelet write *pair* at *moment* by its clock; return the dated file."""
    directory.mkdir(parents=True, exist_ok=True)
    for _ in pki.rotate(directory, prefix, pair.pem, stamp(moment)):
        pass
    dated = directory / f"{prefix}-{stamp(moment)}.pem"
    os.utime(dated, (moment, moment))
    return dated


def write(path: Path, data: bytes, moment: float = NOW - 50 * pki.DAY) -> Path:
    """Write *data* with *moment* as its mtime."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (moment, moment))
    return path


def node(directory: Path, *issued: float, lifetime: float = pki.YEAR) -> pki.Pair:
    """Build a healthy node's client certificates, signed at the times *issued*; return the CA."""
    ca = pki.authority()
    for moment in issued:
        install(directory, pki.client(ca, not_before=moment - BACKDATED, lifetime=lifetime), moment)
    return ca


def _pki(root: Path) -> Path:
    directory = root / "pki"
    directory.mkdir()
    return directory


OLD = NOW - 300 * pki.DAY
NEW = NOW - 40 * pki.DAY


def _healthy(root: Path) -> PkiSettings:
    directory = _pki(root)
    node(directory, OLD, NEW)
    return looking_at(directory)


def _kubeadm(root: Path) -> PkiSettings:
    directory = _pki(root)
    ca = node(directory, OLD, NEW)
    serving = pki.self_signed(not_before=OLD)
    write(directory / "kubelet.crt", serving.certificate_pem)
    write(directory / "kubelet.key", serving.key_pem)
    link = str(directory / CLIENT)
    config = root / "kubelet.conf"
    write(config, pki.kubeconfig(clusters=[_cluster(ca)], users=[pki.User(certificate=link, key=link)]))
    return looking_at(directory, kubeconfigs=(config,))


def _cluster(ca: pki.Pair) -> pki.Cluster:
    return pki.Cluster(ca=ca.certificate_pem)


def _server_current(root: Path) -> PkiSettings:
    directory = _pki(root)
    ca = node(directory, NEW)
    install(directory, pki.server(ca, not_before=NEW), NEW, "kubelet-server")
    serving = pki.self_signed(not_before=NOW - 2 * pki.YEAR)
    write(directory / "kubelet.crt", serving.certificate_pem)
    write(directory / "kubelet.key", serving.key_pem)
    return looking_at(directory)


def _no_client_certificate(root: Path) -> PkiSettings:
    directory = _pki(root)
    serving = pki.self_signed(not_before=NEW)
    write(directory / "kubelet.crt", serving.certificate_pem)
    write(directory / "kubelet.key", serving.key_pem)
    return looking_at(directory, explicit=False)


def _absent_by_default(root: Path) -> PkiSettings:
    return looking_at(root / "absent", explicit=False)


def _token(root: Path) -> PkiSettings:
    """Write the kubeconfig of a user who asks a program for a token, as on EKS; nothing else is there."""
    config = write(root / "kubeconfig", pki.kubeconfig(users=[pki.User()]))
    return looking_at(_pki(root), kubeconfigs=(config,))


def _absent(root: Path) -> PkiSettings:
    return looking_at(root / "absent")


def _k3s(root: Path) -> PkiSettings:
    directory = root / "agent"
    ca = pki.authority("k3s-client-ca")
    pair = pki.client(ca, not_before=NEW)
    write(directory / "client-kubelet.crt", pair.certificate_pem)
    write(directory / "client-kubelet.key", pair.key_pem)
    return PkiSettings(
        directories=(),
        files=(FilePattern(pattern=str(directory / "client-kubelet.crt"), wildcard=False),),
        kubeconfigs=(),
    )


def _hour_long(root: Path) -> PkiSettings:
    directory = _pki(root)
    node(directory, NOW - 1200, lifetime=pki.HOUR)
    return looking_at(directory)


def _future(root: Path) -> PkiSettings:
    directory = _pki(root)
    node(directory, OLD, NOW + LEAD)
    return looking_at(directory)


def _expired(root: Path) -> PkiSettings:
    directory = _pki(root)
    node(directory, NOW - 2 * pki.YEAR)
    return looking_at(directory)


def _expired_with_fallback(root: Path) -> PkiSettings:
    """Let a shorter certificate, signed later, end before the one that it followed."""
    directory = _pki(root)
    ca = node(directory, NOW - 100 * pki.DAY)
    issued = NOW - 40 * pki.DAY
    install(directory, pki.client(ca, not_before=issued - BACKDATED, lifetime=30 * pki.DAY), issued)
    return looking_at(directory)


def _expiring(root: Path) -> PkiSettings:
    directory = _pki(root)
    node(directory, NOW - pki.YEAR + 5 * pki.DAY)
    return looking_at(directory)


def _ahead_by_name(root: Path) -> PkiSettings:
    directory = _pki(root)
    ca = pki.authority()
    install(directory, pki.client(ca, not_before=NOW - pki.HOUR), NOW + 500)
    return looking_at(directory)


def _other_time_zone(root: Path) -> PkiSettings:
    directory = _pki(root)
    dated = install(directory, pki.client(pki.authority(), not_before=NEW), NOW - pki.HOUR + 5.5 * pki.HOUR)
    os.utime(dated, (NOW - pki.HOUR, NOW - pki.HOUR))
    return looking_at(directory)


def _broken(make: Callable[[Path, Path], None]) -> Callable[[Path], PkiSettings]:
    """Return a builder: a healthy node, then *make* spoils the link (first argument) or its target (second)."""

    def build(root: Path) -> PkiSettings:
        directory = _pki(root)
        node(directory, OLD, NEW)
        link = directory / CLIENT
        make(link, link.resolve())
        return looking_at(directory)

    return build


def _relink(link: Path, target: Path | str) -> None:
    link.unlink()
    link.symlink_to(target)


def _behind_a_mask(link: Path, target: Path) -> None:
    # As systemd's InaccessiblePaths= does: an empty directory of mode 000 in the place of what is there.
    masked = link.parent.parent / "docker"
    masked.mkdir(mode=0)
    _relink(link, f"{masked}/pki/{target.name}")


def _loop(link: Path, _target: Path) -> None:
    _relink(link, link.name)


def _to_directory(link: Path, _target: Path) -> None:
    (link.parent / "sub").mkdir()
    _relink(link, "sub")


def _overwrite(data: Callable[[bytes], bytes]) -> Callable[[Path, Path], None]:
    return lambda _link, target: _keeping_mtime(target, data(target.read_bytes()))


def _keeping_mtime(target: Path, data: bytes) -> None:
    write(target, data, target.stat().st_mtime)


def _without_key(data: bytes) -> bytes:
    return data[: data.index(b"-----END CERTIFICATE-----") + 26]


def _only_key(data: bytes) -> bytes:
    return data[data.index(b"-----END CERTIFICATE-----") + 26 :]


def _foreign_key(data: bytes) -> bytes:
    return _without_key(data) + pki.key_pem(pki.new_key())


def _regular(link: Path, target: Path) -> None:
    data = target.read_bytes()
    link.unlink()
    write(link, data)


def _elsewhere(link: Path, target: Path) -> None:
    other = write(link.parent.parent / "other" / target.name, target.read_bytes(), target.stat().st_mtime)
    _relink(link, other)


def _updated_left(link: Path, target: Path) -> None:
    link.unlink()
    (link.parent / "kubelet-client-updated.pem").symlink_to(target)


def _updated_debris(link: Path, target: Path) -> None:
    (link.parent / "kubelet-client-updated.pem").symlink_to(target)


def _updated_is_a_file(link: Path, target: Path) -> None:
    write(link.parent / "kubelet-client-updated.pem", target.read_bytes())


def _strange_files(root: Path) -> PkiSettings:
    directory = _pki(root)
    node(directory, OLD, NEW)
    os.mkfifo(directory / "fifo.pem")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(directory / "s.crt"))
    with (directory / "huge.pem").open("wb") as huge:
        huge.truncate(64 << 20)
    Path(os.fsdecode(os.fsencode(directory) + b"/caf\xe9.pem")).write_bytes(b"")
    write(directory / "key.pem", pki.key_pem(pki.new_key()))
    (directory / "sub.pem").mkdir()
    return looking_at(directory)


def _power_cut_leftovers(root: Path) -> PkiSettings:
    directory = _pki(root)
    node(directory, OLD, NEW)
    write(directory / f"kubelet-client-{stamp(NEW - pki.DAY)}.pem", b"")
    write(directory / f"kubelet-client-{stamp(NEW - 2 * pki.DAY)}.pem", b"\0" * 512)
    return looking_at(directory)


def _stale_kubeconfig(root: Path) -> PkiSettings:
    directory = _pki(root)
    ca = node(directory, NEW)
    old = pki.client(ca, not_before=OLD)
    config = write(
        root / "kubelet.conf",
        pki.kubeconfig(clusters=[_cluster(ca)], users=[pki.User(certificate=old.certificate_pem, key=old.key_pem)]),
    )
    return looking_at(directory, kubeconfigs=(config,))


def _diverged_kubeconfig(root: Path) -> PkiSettings:
    directory = _pki(root)
    ca = node(directory, OLD, NEW)
    old = str(directory / f"kubelet-client-{stamp(OLD)}.pem")
    config = write(
        root / "kubelet.conf",
        pki.kubeconfig(clusters=[_cluster(ca)], users=[pki.User(certificate=old, key=old)]),
    )
    return looking_at(directory, kubeconfigs=(config,))


def _missing_reference(root: Path) -> PkiSettings:
    directory = _pki(root)
    link = str(directory / CLIENT)
    config = write(
        root / "kubelet.conf",
        pki.kubeconfig(clusters=[_cluster(pki.authority())], users=[pki.User(certificate=link, key=link)]),
    )
    return looking_at(directory, kubeconfigs=(config,))


def _every_usage(root: Path) -> PkiSettings:
    directory = _pki(root)
    ca = pki.authority("etcd-ca")
    other = pki.issue(pki.name("other"), not_before=NEW, not_after=NEW + pki.YEAR, issuer=ca)
    write(directory / "ca.crt", ca.certificate_pem)
    for name, pair in {"peer": pki.peer(ca, not_before=NEW), "server": pki.server(ca, not_before=NEW)}.items():
        write(directory / f"{name}.crt", pair.certificate_pem)
        write(directory / f"{name}.key", pair.key_pem)
    write(directory / "other.cer", other.certificate_pem)
    write(directory / "client.der", pki.client(ca, not_before=NEW).der)
    return looking_at(directory)


def _trust_store(root: Path) -> PkiSettings:
    """Write an OpenShift master's copy of the system's bundle, of which a root has ended, beside its own CAs."""
    directory, resources = _pki(root), root / "static-pod-resources" / "kube-apiserver-certs" / "configmaps"
    signer = pki.authority("kube-csr-signer")
    install(directory, pki.client(signer, not_before=NEW - BACKDATED), NEW)
    roots = [pki.authority(f"Public Root {number}", not_before=NEW - number * 5 * pki.YEAR) for number in (1, 2, 3)]
    write(resources / "trusted-ca-bundle" / "ca-bundle.crt", b"".join(each.certificate_pem for each in roots))
    own = [signer, pki.authority("admin-kubeconfig-signer")]
    write(resources / "client-ca" / "ca-bundle.crt", b"".join(each.certificate_pem for each in own))
    return replace(
        looking_at(directory), files=(FilePattern(pattern=f"{root}/static-pod-resources/**/*.crt", wildcard=True),)
    )


def _remembered(root: Path) -> PkiSettings:
    directory = _pki(root)
    node(directory, OLD, NEW)
    (directory / CLIENT).unlink()
    return looking_at(directory, explicit=False)


def _bootstrapping(root: Path) -> PkiSettings:
    """Leave a kubelet that rotates waiting: its kubeconfig names the link, the bootstrap kubeconfig is beside it."""
    directory = _pki(root)
    serving = pki.self_signed(not_before=NOW - pki.HOUR)
    write(directory / "kubelet.crt", serving.certificate_pem, NOW - pki.HOUR)
    link = str(directory / CLIENT)
    kubeconfig = pki.kubeconfig(clusters=[_cluster(pki.authority())], users=[pki.User(certificate=link, key=link)])
    config = write(root / "kubelet.conf", kubeconfig, NOW - pki.HOUR)
    write(root / "bootstrap-kubelet.conf", kubeconfig, NOW - pki.HOUR)
    os.utime(directory, (NOW - pki.HOUR, NOW - pki.HOUR))
    return looking_at(directory, kubeconfigs=(config,))


def _bootstrapping_began(root: Path) -> PkiSettings:
    """Leave a kubelet that does not rotate waiting: no kubeconfig yet, it keeps the key of its request."""
    directory = _pki(root)
    write(directory / "kubelet-client.key.tmp", pki.authority().key_pem, NOW - 60)
    os.utime(directory, (NOW - 60, NOW - 60))
    return looking_at(directory)


def _too_many(root: Path) -> PkiSettings:
    directory = _pki(root)
    node(directory, OLD, NEW)
    old = directory / f"kubelet-client-{stamp(OLD)}.pem"
    for number in range(MAX_SUPERSEDED):
        (directory / f"kubelet-client-{stamp(OLD - pki.DAY - number)}.pem").hardlink_to(old)
    return looking_at(directory)


def _link_faults(*reasons: Reason) -> frozenset[tuple[str, Reason]]:
    return frozenset((CLIENT, reason) for reason in reasons)


def _link_findings(*codes: str) -> frozenset[tuple[str, str]]:
    return frozenset((code, CLIENT) for code in codes)


def _locked(link: Path, _target: Path) -> None:
    (link.parent / "browser.p12").write_bytes(pki.pkcs12_bytes(pki.self_signed()))


def _breaks(name: str, make: Callable[[Path, Path], None], *reasons: Reason) -> Scenario:
    return Scenario(
        name=name, build=_broken(make), faults=_link_faults(*reasons), findings=_link_findings("path_broken")
    )


AHEAD = _link_findings("symlink_target_future_dated")

SCENARIOS = (
    Scenario(name="healthy", build=_healthy),
    Scenario(name="healthy_kubeadm", build=_kubeadm),
    Scenario(name="healthy_server_current", build=_server_current),
    Scenario(name="healthy_without_client_certificate", build=_no_client_certificate),
    Scenario(name="nothing_watched", build=_absent_by_default, findings=frozenset({("nothing_watched", "")})),
    Scenario(name="healthy_token", build=_token),
    Scenario(name="healthy_k3s", build=_k3s),
    Scenario(name="healthy_hour_long", build=_hour_long),
    Scenario(name="healthy_other_time_zone", build=_other_time_zone),
    Scenario(name="healthy_power_cut_leftovers", build=_power_cut_leftovers),
    Scenario(name="healthy_every_usage", build=_every_usage),
    Scenario(name="healthy_trust_store", build=_trust_store),
    Scenario(
        name="incident_all_clocks_ahead",
        build=_future,
        reading=reading(host=LEAD + 60, apiserver=LEAD + 60, synchronized=False, last_synchronized=None),
    ),
    Scenario(
        name="incident_node_ahead_api_server_right",
        build=_future,
        reading=reading(host=LEAD + 60, synchronized=False, last_synchronized=None),
        findings=_link_findings("certificate_not_yet_valid") | {("time_unknown", "")},
    ),
    Scenario(
        name="incident_node_corrected_first",
        build=_future,
        reading=reading(apiserver=LEAD + 60),
        findings=_link_findings("certificate_not_yet_valid") | AHEAD | {("reference_clock_skewed", "")},
    ),
    Scenario(
        name="incident_all_corrected",
        build=_future,
        findings=_link_findings("certificate_not_yet_valid") | AHEAD,
    ),
    Scenario(
        name="incident_stepped_back",
        build=_future,
        reading=replace(reading(), steps=1, last_step=-LEAD, last_step_time=NOW - 10, rtc_offset=LEAD),
        findings=_link_findings("certificate_not_yet_valid") | AHEAD | {("host_clock_stepped", "")},
    ),
    Scenario(
        name="incident_without_reference",
        build=_future,
        reading=reading(apiserver=None),
        findings=_link_findings("certificate_not_yet_valid") | AHEAD,
    ),
    Scenario(
        name="one_api_server_ahead",
        build=_hour_long,
        reading=reading(spread=LEAD),
        findings=_link_findings("certificate_expired") | {("reference_clock_skewed", "")},
    ),
    Scenario(name="expired", build=_expired, findings=_link_findings("certificate_expired")),
    Scenario(
        name="expired_with_fallback", build=_expired_with_fallback, findings=_link_findings("certificate_expired")
    ),
    Scenario(name="expiring", build=_expiring, findings=_link_findings("certificate_expiring")),
    Scenario(name="target_ahead_by_name", build=_ahead_by_name, findings=AHEAD),
    Scenario(
        name="missing_directory",
        build=_absent,
        faults=frozenset({("absent", Reason.MISSING)}),
        findings=frozenset({("path_broken", "absent")}),
    ),
    Scenario(
        name="missing_reference",
        build=_missing_reference,
        faults=_link_faults(Reason.MISSING),
        findings=_link_findings("path_broken"),
    ),
    Scenario(
        name="missing_remembered",
        build=_remembered,
        remembered=(f"pki/{CLIENT}",),
        faults=_link_faults(Reason.MISSING),
        findings=_link_findings("path_broken"),
    ),
    Scenario(
        name="bootstrapping",
        build=_bootstrapping,
        faults=_link_faults(Reason.BOOTSTRAPPING),
        findings=_link_findings("path_broken"),
    ),
    Scenario(
        name="bootstrapping_began",
        build=_bootstrapping_began,
        faults=_link_faults(Reason.BOOTSTRAPPING),
        findings=_link_findings("path_broken"),
    ),
    Scenario(
        name="too_many_files",
        build=_too_many,
        faults=frozenset({("pki", Reason.TOO_MANY_FILES)}),
        findings=frozenset({("path_broken", "pki")}),
    ),
    # A name that is too long is what no privilege can read.
    _breaks("unreadable", lambda link, _target: _relink(link, "x" * 300), Reason.UNREADABLE),
    _breaks("dangling", lambda _link, target: target.unlink(), Reason.DANGLING),
    _breaks("symlink_loop", _loop, Reason.SYMLINK_LOOP),
    _breaks("not_regular", _to_directory, Reason.NOT_REGULAR),
    _breaks("empty", _overwrite(lambda _: b""), Reason.EMPTY),
    _breaks("nul_filled", _overwrite(lambda data: b"\0" * len(data)), Reason.UNPARSABLE),
    _breaks("truncated_key", _overwrite(lambda data: data[:-60]), Reason.UNPARSABLE),
    _breaks("no_certificate", _overwrite(_only_key), Reason.NO_CERTIFICATE),
    _breaks("no_private_key", _overwrite(_without_key), Reason.NO_PRIVATE_KEY),
    _breaks("key_mismatch", _overwrite(_foreign_key), Reason.KEY_MISMATCH),
    _breaks("refused", _overwrite(lambda data: pki.authority().key_pem + data), Reason.REFUSED),
    _breaks("too_large", _overwrite(lambda data: data.ljust((1 << 20) + 4096, b"\n")), Reason.TOO_LARGE),
    _breaks("hidden", _behind_a_mask, Reason.HIDDEN),
    Scenario(
        name="locked",
        build=_broken(_locked),
        faults=frozenset({("browser.p12", Reason.LOCKED)}),
        findings=frozenset({("path_broken", "browser.p12")}),
    ),
    _breaks("too_costly", _overwrite(lambda data: data + costly.FILES["rsa_300000.pem"]()), Reason.TOO_COSTLY),
    _breaks("not_symlink", _regular, Reason.NOT_SYMLINK),
    _breaks("outside_directory", _elsewhere, Reason.OUTSIDE_DIRECTORY),
    Scenario(
        name="interrupted_rotation",
        build=_broken(_updated_left),
        faults=frozenset({("kubelet-client-updated.pem", Reason.INTERRUPTED_ROTATION), (CLIENT, Reason.MISSING)}),
        findings=frozenset({("path_broken", "kubelet-client-updated.pem"), ("path_broken", CLIENT)}),
    ),
    Scenario(
        name="updated_debris",
        build=_broken(_updated_debris),
        faults=frozenset({("kubelet-client-updated.pem", Reason.INTERRUPTED_ROTATION)}),
        findings=frozenset({("path_broken", "kubelet-client-updated.pem")}),
    ),
    Scenario(
        name="updated_not_symlink",
        build=_broken(_updated_is_a_file),
        faults=frozenset({("kubelet-client-updated.pem", Reason.UPDATED_NOT_SYMLINK)}),
        findings=frozenset({("path_broken", "kubelet-client-updated.pem")}),
    ),
    Scenario(
        name="strange_files",
        build=_strange_files,
        faults=frozenset(
            {
                ("fifo.pem", Reason.NOT_REGULAR),
                ("s.crt", Reason.NOT_REGULAR),
                ("huge.pem", Reason.TOO_LARGE),
                ("caf\\xe9.pem", Reason.EMPTY),
            }
        ),
        findings=frozenset(("path_broken", name) for name in ("fifo.pem", "s.crt", "huge.pem", "caf\\xe9.pem")),
    ),
    Scenario(
        name="kubeconfig_stale",
        build=_stale_kubeconfig,
        faults=frozenset({("kubelet.conf", Reason.KUBECONFIG_STALE)}),
        findings=frozenset({("kubeconfig_diverged", "kubelet.conf")}),
    ),
    Scenario(
        name="kubeconfig_diverged",
        build=_diverged_kubeconfig,
        faults=frozenset({("kubelet.conf", Reason.KUBECONFIG_DIVERGED)}),
        findings=frozenset({("kubeconfig_diverged", "kubelet.conf")}),
    ),
)
