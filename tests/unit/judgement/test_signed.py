"""All is from the future: the host is wrong, and its certificates are not accused."""

from itertools import product

import pytest

from kubepki.judgement.evaluate import Code, evaluate
from kubepki.model import Certificate, PathState, Reading, ReferenceReading, Snapshot, Standing, Usage

TRUE = 1_800_000_000.0
DAY = 86_400.0
BEHIND = 33 * DAY
LEAD = 7_860.0


def path(
    name: str, age: float, usage: Usage, *, foreign: bool = False, standing: Standing = Standing.CURRENT
) -> PathState:
    """Return a file whose certificate was signed *age* seconds before true time."""
    certificate = Certificate(
        entry="0",
        usage=usage,
        subject=f"CN={name}",
        issuer="CN=ca",
        serial="01",
        fingerprint_sha256="0" * 64,
        not_before=TRUE - age,
        not_after=TRUE + 3_650 * DAY,
        foreign=foreign,
    )
    return PathState(path=f"/{name}", standing=standing, certificates=(certificate,))


def host(ca: float | None, *leaves: float) -> Snapshot:
    paths = [path(f"leaf{number}", age, Usage.CLIENT) for number, age in enumerate(leaves)]
    return Snapshot(paths=(*(() if ca is None else (path("ca", ca, Usage.CA),)), *paths))


def clocks(
    *,
    behind: float = BEHIND,
    synchronized: bool | None,
    rtc: bool = False,
    judge: float | None = None,
) -> Reading:
    """Return the clocks of a host that is *behind*; references are off true time by the given seconds."""
    offs = {"apiserver": judge}
    references = [
        ReferenceReading(clock=name, up=True, offset=behind + off) for name, off in offs.items() if off is not None
    ]
    return Reading(
        host_time=TRUE - behind,
        synchronized=synchronized,
        rtc_offset=behind if rtc else None,
        references=tuple(references),
    )


def codes(snapshot: Snapshot, reading: Reading) -> set[Code]:
    return {finding.code for finding in evaluate(snapshot, reading)}


@pytest.mark.parametrize(
    ("synchronized", "rtc", "judge"), list(product([True, False, None], [True, False], [0.0, None]))
)
@pytest.mark.parametrize(
    "snapshot",
    [host(20 * DAY, 20 * DAY, 19 * DAY, 2 * DAY), host(5 * 365 * DAY, *[20 * DAY] * 9), host(None, *[20 * DAY] * 3)],
    ids=["with its CA", "nearly all", "without a CA"],
)
def test_a_virtual_machine_33_days_behind(
    snapshot: Snapshot, *, synchronized: bool | None, rtc: bool, judge: float | None
) -> None:
    """It wakes, and holds its clock to be synchronised or not: the host is accused in every case."""
    found = codes(snapshot, clocks(synchronized=synchronized, rtc=rtc, judge=judge))
    assert Code.HOST_CLOCK_BEHIND in found
    assert Code.CERTIFICATE_NOT_YET_VALID not in found
    assert Code.CERTIFICATE_FUTURE_DATED not in found


@pytest.mark.parametrize("synchronized", [False, None])
@pytest.mark.parametrize("clock", ["hardware", "apiserver"])
def test_another_clock_has_passed_it(clock: str, *, synchronized: bool | None) -> None:
    """One new certificate beside an old CA: what the hardware clock or the API server agree with is no lead."""
    reading = clocks(synchronized=synchronized, rtc=clock == "hardware", judge=0.0 if clock == "apiserver" else None)
    found = codes(host(5 * 365 * DAY, 2 * DAY), reading)
    assert Code.HOST_CLOCK_BEHIND in found
    assert Code.CERTIFICATE_NOT_YET_VALID not in found


def test_the_hardware_clock_of_the_power_cut_proves_nothing() -> None:
    """It is where the wrong time came from: a lead of hours stays the certificate's."""
    reading = Reading(host_time=TRUE, synchronized=False, rtc_offset=LEAD + 60)
    assert Code.CERTIFICATE_NOT_YET_VALID in codes(host(365 * DAY, -LEAD), reading)


def test_one_certificate_from_the_future_is_its_signers() -> None:
    """A synchronised host, old certificates beside it: far ahead or not, it is the certificate."""
    for lead in (LEAD, BEHIND):
        reading = Reading(host_time=TRUE, synchronized=True)
        assert Code.CERTIFICATE_NOT_YET_VALID in codes(host(365 * DAY, 40 * DAY, -lead), reading)


def test_a_clock_outside_that_agrees_with_the_host() -> None:
    """Then a cluster was made while all its clocks were ahead, and the certificates are wrong."""
    reading = Reading(
        host_time=TRUE, synchronized=True, references=(ReferenceReading(clock="ntp/a", up=True, offset=0.0),)
    )
    assert Code.CERTIFICATE_NOT_YET_VALID in codes(host(-LEAD, -LEAD, -LEAD), reading)


def test_old_files_and_others_cas_count_as_they_are() -> None:
    """Superseded files are witnesses, too; a public root is none."""
    leaves = [path(f"leaf{number}", 2 * DAY, Usage.CLIENT) for number in range(3)]
    old = [path(f"old{number}", 99 * DAY, Usage.CLIENT, standing=Standing.SUPERSEDED) for number in range(3)]
    reading = clocks(synchronized=True)
    assert Code.CERTIFICATE_NOT_YET_VALID in codes(Snapshot(paths=(*leaves, *old)), reading)
    roots = path("roots", 9_000 * DAY, Usage.CA, foreign=True)
    assert Code.HOST_CLOCK_BEHIND in codes(Snapshot(paths=(*leaves, roots)), reading)
