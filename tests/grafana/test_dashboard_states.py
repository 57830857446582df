"""The state of a path at each step of the incident, over recorded series given by hand."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from grafana.boards.tasks import tasks
from tests.grafana.boards import filled, panel
from tests.grafana.prometheus import RULES

HOST = 'job="kubepki-exporter", instance="node30:10509"'
LINK = f'{HOST}, path="/pki/kubelet-client-current.pem"'
LEAF = f'{LINK}, entry="0", standing="current", usage="client"'
OK = f'kubepki_path_ok{{{LINK}, standing="current"}}'
TO_DO = "What to do, the most urgent first"
UP = f"up{{{HOST}}}"
TIME = f"kubepki_host_time_seconds{{{HOST}}}"
NOT_BEFORE = f"kubepki_certificate_not_before_timestamp_seconds{{{LEAF}}}"
OFFSET = f"kubepki_certificate_not_before_offset_seconds{{{LEAF}}}"
NOT_AFTER = f"kubepki_certificate_not_after_timestamp_seconds{{{LEAF}}}"
JUDGE = f'kubepki_reference_clock_offset_seconds{{{HOST}, clock="apiserver"}}'
FALLBACK = f"kubepki_fallback_certificates{{{LINK}}}"
FAULT = f'kubepki_fault{{{LINK}, standing="current", reason="%s"}}'
NOW, LEAD, YEAR = 600, 7_860, 31_536_000

VALID, SUSPECT, FAULTY, MINOR, EXPIRING, ENDS_SOON, EXPIRED, FUTURE, REJECTED, BROKEN = range(10)
WELL, REPAIR, ROLL_BACK, WAIT, FALL_BACK, LOOK, LOOK_AT_FAULT, EXPIRED_BACK, NAME_LINK, RENEW_LATER, FIND_OUT, RENEW = (
    "Nothing: every watched host is healthy",
    "Before clocks are set: stop the signer, then",
    "Rejected now: roll back",
    "Rejected now, no fallback: renew, or wait",
    "Broken: roll back",
    "Broken, no fallback: see what and why",
    "Faulty: see what and why",
    "Expired: roll back to one still valid",
    "The kubeconfig has to name the current link",
    "Expired, but nobody checks it: renew it",
    "Expires soon: see why it was not renewed",
    "Expires very soon: renew it",
)
SKEWED = "Wrong clock: first certificates, then clock"
JUDGE_WRONG = "An API server's or reference's clock is off"
BEHIND = "Clock behind: correct it, not the certificate"


def host(skew: float = 0, ahead: float = -86_400, left: float = YEAR, usage: str = "client") -> dict[str, str]:
    """Return a host's series: its clock is *skew* ahead, NotBefore *ahead* of now and NotAfter *left* after it."""
    series = {
        UP: "1x10",
        TIME: f"{skew:.0f}+60x10",
        NOT_BEFORE: f"{NOW + ahead:.0f}x10",
        OFFSET: f"{NOW + ahead - skew:.0f}-60x10",
        NOT_AFTER: f"{NOW + left:.0f}x10",
        OK: "1x10",
        FALLBACK: "1x10",
    }
    return {name.replace('usage="client"', f'usage="{usage}"'): values for name, values in series.items()}


@pytest.mark.parametrize(
    ("series", "state", "to_do"),
    [
        pytest.param(host(), VALID, {WELL}, id="healthy"),
        pytest.param(
            host(skew=LEAD + 300, ahead=LEAD), FUTURE, {REPAIR, SKEWED}, id="step 2: all ahead, Prometheus right"
        ),
        pytest.param(host(skew=-LEAD, ahead=-60), VALID, {SKEWED, BEHIND}, id="the host alone is behind"),
        pytest.param(host(ahead=LEAD), REJECTED, {ROLL_BACK}, id="step 3, no API server to ask"),
        pytest.param(
            host(ahead=LEAD) | {JUDGE: f"{LEAD + 300}x10"},
            FUTURE,
            {REPAIR, JUDGE_WRONG},
            id="the API server is still ahead",
        ),
        pytest.param(
            host(skew=LEAD + 300, ahead=LEAD) | {JUDGE: f"-{LEAD + 300}x10"},
            REJECTED,
            {ROLL_BACK, SKEWED},
            id="the API server corrected first",
        ),
        pytest.param(host(ahead=LEAD) | {JUDGE: "0x10", FALLBACK: "0x10"}, REJECTED, {WAIT}, id="no fallback"),
        pytest.param(
            host(skew=LEAD + 300, ahead=LEAD) | {FAULT % "not_symlink": "1x10"},
            FUTURE,
            {REPAIR, LOOK_AT_FAULT, SKEWED},
            id="a warning hides no lead",
        ),
        pytest.param(host() | {FAULT % "empty": "1x10"}, BROKEN, {FALL_BACK}, id="empty"),
        pytest.param(
            host() | {FAULT % "empty": "1x10", FALLBACK: "0x10"}, BROKEN, {LOOK}, id="empty, and no other file"
        ),
        pytest.param(
            host() | {FAULT % "too_costly": "1x10"}, BROKEN, {FALL_BACK}, id="the current link, too costly to read"
        ),
        pytest.param(host() | {FAULT % "not_symlink": "1x10"}, FAULTY, {LOOK_AT_FAULT}, id="a warning"),
        pytest.param(
            host() | {FAULT % "a_reason_of_next_year": "1x10"},
            FAULTY,
            {LOOK_AT_FAULT},
            id="a reason of a newer exporter",
        ),
        pytest.param(host() | {FAULT % "kubeconfig_stale": "1x10"}, FAULTY, {NAME_LINK}, id="a stale kubeconfig"),
        pytest.param(host(left=-180), EXPIRED, {EXPIRED_BACK}, id="expired"),
        pytest.param(host(left=-180, usage="ca"), EXPIRED, {EXPIRED_BACK}, id="an expired CA"),
        pytest.param(host(left=-180, usage="self_signed"), MINOR, {RENEW_LATER}, id="expired, checked by nobody"),
        pytest.param(host(ahead=-YEAR, left=86_400), ENDS_SOON, {RENEW}, id="a day left of a year"),
        pytest.param(host(ahead=-YEAR, left=20 * 86_400), EXPIRING, {FIND_OUT}, id="20 days left of a year"),
    ],
)
def test_the_boards_tell_each_step(
    program: Callable[[str], Path], tmp_path: Path, series: dict[str, str], state: int, to_do: set[str]
) -> None:
    """With our rules the validity line has the right state, and the table exactly the right next steps."""
    line, _unseen = panel("kubepki-host", "Validity of what is presented")["targets"]
    (table,) = panel("kubepki-fleet", TO_DO)["targets"]
    shown: dict[str, list[tuple[str, float]]] = {
        line["expr"]: [(f'{{{LINK}, file="kubelet-client-current.pem"}}', state)],
        f"max by (what) ({table['expr']})": [(f'{{what="{what}"}}', 0 if what == WELL else 1) for what in to_do],
    }
    assert_evaluates(program("promtool"), tmp_path, series, shown, rules=True)


def test_what_nobody_sees_is_not_gone(program: Callable[[str], Path], tmp_path: Path) -> None:
    """While a rejected host is not scraped, its trouble and its fallback are held, and its dates are not known."""
    (table,) = panel("kubepki-fleet", TO_DO)["targets"]
    date, _ = panel("kubepki-host", "Valid again (UTC)")["targets"]
    # Three good scrapes, and none since.
    lost = {name: values.removesuffix("x10") + "x3 stale _x6" for name, values in host(ahead=LEAD).items()}
    shown: dict[str, list[tuple[str, float]]] = {
        f"max by (what) ({table['expr']})": [
            (f'{{what="{ROLL_BACK}"}}', 1),
            ('{what="Nobody watches these hosts"}', 1),
        ],
        date["expr"]: [("{}", -6)],
    }
    assert_evaluates(program("promtool"), tmp_path, lost | {UP: "1x3 0x6"}, shown, rules=True)


ALERTS = sorted(
    {
        rule["alert"]
        for group in yaml.safe_load(RULES.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
)


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_a_line_with_its_runbook(alert: str) -> None:
    """Whatever fires, the table says what to do about it."""
    assert alert in {task.book for task in tasks()}


def test_an_alert_that_the_boards_do_not_know_is_listed_by_its_name(
    program: Callable[[str], Path], tmp_path: Path
) -> None:
    """A newer rule file, or an alert about a whole job, is not passed over: its name leads to its runbook."""
    (table,) = panel("kubepki-fleet", TO_DO)["targets"]
    given = {
        TIME: "0+60x10",
        f'ALERTS{{{HOST}, alertname="KubePKIOfNextYear", alertstate="firing", severity="critical"}}': "1x10",
        'ALERTS{job="kubepki-exporter", alertname="KubePKIPrometheusClockSuspect", alertstate="pending"}': "1x10",
    }
    lines = {
        '{what="KubePKIOfNextYear", book="KubePKIOfNextYear"}': 1.0,
        '{what="Prometheus or the room is wrong: compare", book="KubePKIPrometheusClockSuspect"}': 1.0,
        '{what="No rule judges: load rules/kubepki.rules.yml", book="KubePKIMetricsMissing"}': 0.0,
    }
    assert_evaluates(
        program("promtool"), tmp_path, given, {f"max by (what, book) ({table['expr']})": list(lines.items())}
    )


def test_an_alert_that_is_not_recorded_yet_is_not_passed_over(program: Callable[[str], Path], tmp_path: Path) -> None:
    """Between an alert's first evaluation and that of the boards' group the table says that something begins."""
    (table,) = panel("kubepki-fleet", TO_DO)["targets"]
    alert = f'ALERTS{{{HOST}, alertname="KubePKICertificateExpired", alertstate="pending", severity="warning"}}'
    given = {
        TIME: "0+60x10",
        alert: "1x10",
        'job_clock:kubepki_clock_skew_seconds:median{job="kubepki-exporter", clock="hosts"}': "0x10",
    }
    lines = [('{what="An alert begins: look again in a minute"}', 0.0)]
    assert_evaluates(program("promtool"), tmp_path, given, {f"max by (what) ({table['expr']})": lines})


@pytest.mark.parametrize(
    ("name_after_mtime", "shown"),
    [
        pytest.param(7_199, 59, id="a time zone of two hours, the stamp a second before the file"),
        pytest.param(7_160, 7_220, id="no whole quarter-hours: the name is ahead"),
        pytest.param(-1, 59, id="the same time zone"),
    ],
)
def test_a_time_zone_in_the_name_is_taken_out(
    program: Callable[[str], Path], tmp_path: Path, name_after_mtime: float, shown: float
) -> None:
    """A difference of whole quarter-hours between name and mtime does not lift the line."""
    mtime, host_time = 1_000_060.0, 1_000_000.0
    numbers = {
        f"kubepki_symlink_target_mtime_timestamp_seconds{{{LINK}}}": mtime,
        f"kubepki_symlink_target_name_timestamp_seconds{{{LINK}}}": mtime + name_after_mtime,
        f"kubepki_symlink_target_offset_seconds{{{LINK}}}": mtime + name_after_mtime - host_time,
    }
    given = {name: f"{number}x10" for name, number in numbers.items()}
    line = panel("kubepki-host", "What is ahead of this host's clock")["targets"][1]["expr"]
    assert_evaluates(
        program("promtool"),
        tmp_path,
        given,
        {f"round(3600 * ({line}))": [(f'{{{LINK}, file="kubelet-client-current"}}', shown)]},
    )


def assert_evaluates(
    promtool: Path,
    directory: Path,
    given: dict[str, str],
    shown: dict[str, list[tuple[str, float]]],
    *,
    rules: bool = False,
) -> None:
    document = {
        "rule_files": [str(RULES)] if rules else [],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in given.items()],
                "promql_expr_test": [
                    {
                        "expr": filled(expr),
                        "eval_time": f"{NOW}s",
                        "exp_samples": [{"labels": labels, "value": value} for labels, value in samples],
                    }
                    for expr, samples in shown.items()
                ],
            }
        ],
    }
    file = directory / "states.yml"
    file.write_text(json.dumps(document))
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
