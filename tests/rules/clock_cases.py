"""Trees and clocks for the comparison of findings and alerts: all scenarios, and more clocks over their trees."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from kubepki.judgement.evaluate import Code
from kubepki.model import Reading, ReferenceReading
from kubepki.settings import PkiSettings
from tests.support import pki
from tests.support.scenarios import BACKDATED, CLIENT, LEAD, NEW, NOW, OLD, SCENARIOS, looking_at, node, reading, write

# Findings about clocks, which the rules cannot share word for word, each with its reason.
OF_CLOCKS = {
    Code.HOST_CLOCK_SKEWED: "a host compares with what it believes, the rules compare with Prometheus' clock",
    Code.REFERENCE_CLOCK_SKEWED: "each host tells of each clock that it reads, the rules once for a cluster",
    Code.HARDWARE_CLOCK_SKEWED: "told on the host alone: it matters at the next boot, and no rule judges it",
    Code.TIME_UNKNOWN: "a host that cannot tell the time says so; Prometheus has a clock of its own",
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A tree with its clocks; `latched` is a client link that changed while the clock was not synchronised.

    `remembered` as in a scenario.
    """

    name: str
    build: Callable[[Path], PkiSettings]
    reading: Reading
    latched: bool = False
    remembered: tuple[str, ...] = ()


def with_prometheus(reading: Reading, now: float) -> Reading:
    """Return *reading* with one clock more: Prometheus', which says *now*, as a host could ask it over HTTPS."""
    clock = ReferenceReading(clock="https/prometheus", up=True, offset=now - reading.host_time)
    return replace(reading, references=(*reading.references, clock))


BUILDS = {scenario.name: scenario.build for scenario in SCENARIOS}


def _clocks(of: str, name: str, clocks: Reading, *, latched: bool = False) -> Case:
    """Return the tree of the scenario *of* under other clocks."""
    return Case(name=name, build=BUILDS[of], reading=clocks, latched=latched)


def _and_ntp(clocks: Reading, offset: float) -> Reading:
    return replace(clocks, references=(*clocks.references, ReferenceReading(clock="ntp/a", up=True, offset=offset)))


def _stepped(size: float, moment: float) -> Reading:
    return replace(reading(), steps=1, last_step=size, last_step_time=moment)


def _leaf(name: str, *issued: float) -> Case:
    """Return a node whose current certificate, of a year, was signed at the last of the times *issued*."""

    def build(root: Path) -> PkiSettings:
        node(root / "pki", *issued)
        return looking_at(root / "pki")

    return Case(name=name, build=build, reading=reading())


def _left(name: str, remaining: float) -> Case:
    return _leaf(name, NOW + remaining - pki.YEAR + BACKDATED)


def _serving(name: str, remaining: float) -> Case:
    """Return a node with a self-signed serving certificate."""

    def build(root: Path) -> PkiSettings:
        pair = pki.self_signed(not_before=NOW + remaining - pki.YEAR)
        write(root / "pki" / "kubelet.crt", pair.certificate_pem)
        write(root / "pki" / "kubelet.key", pair.key_pem)
        return looking_at(root / "pki")

    return Case(name=name, build=build, reading=reading())


def _expired_authority(root: Path) -> PkiSettings:
    """Write a kubeconfig whose cluster ended yesterday, while its client would go on."""
    ca = pki.authority(not_before=NOW - pki.DAY - 10 * pki.YEAR, lifetime=10 * pki.YEAR)
    good = pki.client(ca, not_before=NOW - pki.DAY)
    user = pki.User(certificate=good.certificate_pem, key=good.key_pem)
    config = write(root / "kubelet.conf", pki.kubeconfig(clusters=[pki.Cluster(ca=ca.certificate_pem)], users=[user]))
    (root / "pki").mkdir()
    return looking_at(root / "pki", kubeconfigs=(config,))


def _expired_client_and_other(root: Path) -> PkiSettings:
    """Write a file of both, so that two severities meet in one path."""
    old = pki.client(pki.authority(), not_before=NOW - 2 * pki.YEAR)
    other = pki.issue(pki.name("other"), not_before=NOW - 2 * pki.YEAR, not_after=NOW - pki.DAY)
    write(root / "pki" / "both.crt", old.certificate_pem + other.certificate_pem)
    return looking_at(root / "pki")


def _expired_other(root: Path) -> PkiSettings:
    other = pki.issue(pki.name("other"), not_before=NOW - 2 * pki.YEAR, not_after=NOW - pki.DAY)
    write(root / "pki" / "other.crt", other.certificate_pem)
    return looking_at(root / "pki")


def _two_severities(root: Path) -> PkiSettings:
    """Write a current path that is no link, a warning, and holds no key, which is critical."""
    settings = BUILDS["no_private_key"](root)
    link = root / "pki" / CLIENT
    data = link.read_bytes()
    link.unlink()
    write(link, data)
    return settings


CASES = (
    *(Case(name=each.name, build=each.build, reading=each.reading, remembered=each.remembered) for each in SCENARIOS),
    _clocks(
        "incident_all_corrected", "all_ahead_but_ntp", _and_ntp(reading(host=LEAD + 60, apiserver=LEAD + 60), -LEAD)
    ),
    _clocks("incident_all_corrected", "api_server_ahead_alone", _and_ntp(reading(apiserver=LEAD + 60), 0)),
    _clocks("incident_all_corrected", "no_answer_but_ntp", _and_ntp(reading(apiserver=None), 0)),
    _clocks("healthy_hour_long", "host_behind", reading(host=-2 * pki.HOUR)),
    _clocks("healthy_hour_long", "host_behind_ntp_knows", _and_ntp(reading(host=-7200, apiserver=None), 7200)),
    _clocks("healthy_hour_long", "host_and_ntp_behind", _and_ntp(reading(host=-2 * pki.HOUR), 0)),
    _clocks("healthy_hour_long", "host_behind_without_reference", reading(host=-2 * pki.HOUR, apiserver=None)),
    _clocks("healthy_hour_long", "host_ahead_of_not_after", reading(host=2 * pki.HOUR)),
    _leaf("valid_within_the_minutes", OLD, NOW + BACKDATED + 330),
    _left("critical_within_the_minutes", 7 * pki.DAY + 330),
    _left("at_the_limit_of_critical", 7 * pki.DAY + 300),
    _left("warning_within_the_minutes", 30 * pki.DAY + 330),
    _left("expired_within_the_minutes", 330),
    _left("at_not_after", 300),
    _serving("self_signed_expiring", 2 * pki.DAY),
    _serving("self_signed_expired", -pki.DAY),
    Case(name="expired_authority", build=_expired_authority, reading=reading()),
    Case(name="expired_other", build=_expired_other, reading=reading()),
    Case(name="expired_client_and_other", build=_expired_client_and_other, reading=reading()),
    Case(name="two_severities", build=_two_severities, reading=reading()),
    _clocks("healthy", "lost_synchronization", reading(synchronized=False, last_synchronized=NOW - pki.DAY)),
    _clocks("healthy", "never_synchronized", reading(synchronized=False, last_synchronized=None)),
    _clocks("healthy", "clock_unknown", reading(synchronized=None, last_synchronized=None)),
    _clocks("healthy", "stepped_an_hour_ago", _stepped(-LEAD, NOW - pki.HOUR + 330)),
    _clocks("healthy", "stepped_by_a_minute", _stepped(60, NOW - 60)),
    _clocks(
        "healthy",
        "rotated_before_it_was_lost",
        reading(synchronized=False, last_synchronized=NEW - pki.DAY),
        latched=True,
    ),
    _clocks(
        "healthy",
        "rotated_synchronized_and_lost_again",
        reading(synchronized=False, last_synchronized=NOW - pki.DAY),
        latched=True,
    ),
    _clocks("healthy", "rotated_synchronized_since", reading(), latched=True),
    _clocks("incident_all_corrected", "rotated_future_dated", reading(), latched=True),
    _clocks("incident_all_corrected", "rotated_host_ahead", reading(host=LEAD + 60), latched=True),
    _clocks(
        "healthy",
        "rotated_never_synchronized",
        reading(synchronized=False, last_synchronized=None),
        latched=True,
    ),
    _clocks(
        "healthy_hour_long",
        "rotated_never_synchronized_today",
        reading(synchronized=False, last_synchronized=None),
        latched=True,
    ),
    _clocks(
        "healthy_hour_long", "rotated_clock_unknown", reading(synchronized=None, last_synchronized=None), latched=True
    ),
    _clocks(
        "incident_all_clocks_ahead",
        "rotated_all_clocks_ahead",
        reading(host=LEAD + 60, apiserver=LEAD + 60, synchronized=False, last_synchronized=None),
        latched=True,
    ),
)
