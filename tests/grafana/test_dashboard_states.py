"""The state of a path at each step of the incident, over recorded series given by hand."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.grafana.boards import filled, panel

HOST = 'job="kubepki-exporter", instance="node30:10509"'
LINK = f'{HOST}, path="/pki/kubelet-client-current.pem"'
AHEAD = "instance_path:kubepki_certificate_ahead_seconds:max"
OK = f'kubepki_path_ok{{{LINK}, standing="current"}}'
TO_DO = "What to do, the most urgent first"
SKEW = f"instance:kubepki_host_time_skew_seconds:last{{{HOST}}}"
TIME = f"kubepki_host_time_seconds{{{HOST}}}"
JUDGE = f'kubepki_reference_clock_offset_seconds{{{HOST}, clock="apiserver"}}'
FALLBACK = f"kubepki_fallback_certificates{{{LINK}}}"
FAULT = f'kubepki_fault{{{LINK}, standing="current", reason="%s"}}'

VALID, EXPIRING, EXPIRED, FUTURE, REJECTED, BROKEN = range(6)
WELL, REPAIR, ROLL_BACK, WAIT, FALL_BACK, LOOK, FAULTY, EXPIRED_BACK = (
    "Nothing: every watched host is healthy",
    "Before clocks are corrected: stop the signer, then kubepki-exporter rollback",
    "Roll back: kubepki-exporter rollback --apply --restart-kubelet",
    "No fallback: renew the certificate, or wait until Valid from",
    "Broken, with a fallback: kubepki-exporter rollback",
    "Broken: kubepki-exporter check says what and why",
    "Faulty: kubepki-exporter check says what and why",
    "Expired, with a fallback: kubepki-exporter rollback",
)


def ahead(*clocks: str) -> dict[str, float]:
    return {f'{AHEAD}{{{LINK}, clock="{clock}"}}': 7_860 for clock in clocks}


@pytest.mark.parametrize(
    ("series", "state", "to_do"),
    [
        pytest.param({}, VALID, (WELL,), id="healthy"),
        pytest.param(ahead("prometheus"), FUTURE, (REPAIR,), id="step 2: all ahead, Prometheus right"),
        pytest.param(ahead("host"), VALID, (WELL,), id="the host alone is behind"),
        pytest.param(ahead("prometheus", "host"), REJECTED, (ROLL_BACK,), id="step 3, no API server to ask"),
        pytest.param(
            ahead("prometheus", "host") | {JUDGE: 7_860}, FUTURE, (REPAIR,), id="the API server is still ahead"
        ),
        pytest.param(ahead("apiserver") | {JUDGE: -7_860}, REJECTED, (ROLL_BACK,), id="the API server corrected first"),
        pytest.param(
            ahead("prometheus", "host", "apiserver") | {JUDGE: 0, FALLBACK: 0}, REJECTED, (WAIT,), id="no fallback"
        ),
        pytest.param(
            ahead("prometheus") | {FAULT % "not_symlink": 1}, FUTURE, (REPAIR, FAULTY), id="a warning hides no lead"
        ),
        pytest.param({FAULT % "empty": 1}, BROKEN, (FALL_BACK,), id="empty"),
        pytest.param({FAULT % "empty": 1, FALLBACK: 0}, BROKEN, (LOOK,), id="empty, and no other file"),
        pytest.param({FAULT % "not_symlink": 1}, EXPIRING, (FAULTY,), id="a warning"),
        pytest.param(
            {f'instance_path:kubepki_certificate_expired_seconds:max{{{LINK}, level="critical"}}': 60},
            EXPIRED,
            (EXPIRED_BACK,),
            id="expired",
        ),
    ],
)
def test_the_boards_tell_each_step(
    program: Callable[[str], Path], tmp_path: Path, series: dict[str, float], state: int, to_do: tuple[str, ...]
) -> None:
    """The validity line has the right state, and the verdict the right next step."""
    given = {OK: 1.0, TIME: 0.0, SKEW: 0.0, FALLBACK: 1.0} | series
    shown: dict[str, list[tuple[str, float]]] = {
        panel("kubepki-host", "Validity of what is presented")["targets"][0]["expr"]: [
            (f'{{{LINK}, file="kubelet-client-current.pem"}}', state)
        ],
        f"max by (what) ({panel('kubepki-fleet', TO_DO)['targets'][0]['expr']})": [
            (f'{{what="{what}"}}', 0 if what == WELL else 1) for what in to_do
        ],
    }
    assert_evaluates(program("promtool"), tmp_path, given, shown)


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
    given = {
        f"kubepki_symlink_target_mtime_timestamp_seconds{{{LINK}}}": mtime,
        f"kubepki_symlink_target_name_timestamp_seconds{{{LINK}}}": mtime + name_after_mtime,
        f"kubepki_symlink_target_offset_seconds{{{LINK}}}": mtime + name_after_mtime - host_time,
    }
    line = panel("kubepki-host", "What is ahead of this host's clock")["targets"][1]["expr"]
    assert_evaluates(
        program("promtool"),
        tmp_path,
        given,
        {f"round(3600 * ({line}))": [(f'{{{LINK}, file="kubelet-client-current"}}', shown)]},
    )


def assert_evaluates(
    promtool: Path, directory: Path, given: dict[str, float], shown: dict[str, list[tuple[str, float]]]
) -> None:
    document = {
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": f"{value}"} for name, value in given.items()],
                "promql_expr_test": [
                    {
                        "expr": filled(expr),
                        "eval_time": "0",
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
