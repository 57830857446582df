"""Over the table of clocks, the rules say of a certificate what `check` would say with Prometheus as one clock more."""

import os
from itertools import combinations, islice, product
from pathlib import Path

import pytest
import yaml

from kubepki.commands.diagnosis import Look
from kubepki.judgement.evaluate import Code, evaluate
from tests.rules.clock_cases import with_prometheus
from tests.rules.test_check_agrees import MINUTES, labels
from tests.rules.test_check_agrees import series as scraped
from tests.rules.test_consistency import RULES
from tests.rules.test_programs import Find, run
from tests.rules.timelines import ORDER
from tests.support.clock_table import (
    API_SERVER,
    CURRENT,
    LINK,
    NODE,
    OFFS,
    OFFSETS,
    SEVERAL,
    SYNCHRONIZED,
    TRUE,
    Clocks,
    Night,
)

CODES = (
    Code.CERTIFICATE_FUTURE_DATED,
    Code.CERTIFICATE_NOT_YET_VALID,
    Code.HOST_CLOCK_BEHIND,
    Code.CERTIFICATE_EXPIRED,
)
WHOLE = bool(os.environ.get("KUBEPKI_WHOLE_TABLE"))
# They divide the length of no axis, so that each value of each comes.
STRIDE = 1 if WHOLE else 3
STRIDE_OF_WRONG = 1 if WHOLE else 23
DISPUTES = tuple(
    (prometheus, outside, second)
    for prometheus, (outside, second) in product(OFFS, combinations(OFFS, 2))
    if WHOLE or prometheus == "right"
)
# What promtool holds in memory at once.
BATCH = 140


def expected(night: Night, seen: Look, now: float) -> set[str]:
    """Return the alerts about the certificate that `check` would find, had it asked Prometheus, which says *now*.

    Of the end of validity Prometheus is not believed alone: one that is half an hour ahead would page at each rotation
    of certificates that live for an hour. Any two clocks are, also where most of those outside say otherwise. For its
    beginning one clock outside of the cluster is enough, however many say otherwise, for a room is wrong together.
    """
    reading = with_prometheus(seen.reading, now)
    found = {each.code for each in evaluate(seen.snapshot, reading) if each.path == LINK and each.code in CODES}
    outside = [TRUE + OFFSETS[each] for each in night.clocks.references]
    if max((night.host, *outside, *night.judges)) <= night.leaf.not_after:
        found.discard(Code.CERTIFICATE_EXPIRED)
    if outside and sorted((now, night.host, *outside))[-2] > night.leaf.not_after:
        found.add(Code.CERTIFICATE_EXPIRED)
    begins = night.leaf.not_before
    if min((now, *outside)) < begins and not found & {Code.CERTIFICATE_FUTURE_DATED, Code.CERTIFICATE_NOT_YET_VALID}:
        seen_here = min((night.host, *night.judges)) < begins
        found.add(Code.CERTIFICATE_NOT_YET_VALID if seen_here else Code.CERTIFICATE_FUTURE_DATED)
        found.discard(Code.HOST_CLOCK_BEHIND)
    return {code.alert for code in found}


def test_the_rules_follow_the_table(program: Find, tmp_path: Path) -> None:
    """Prometheus has the right time: what fires after twelve minutes is what is true, by the same words."""
    agree(program("promtool"), tmp_path, "right", ("none", "none"), STRIDE)


@pytest.mark.parametrize(("prometheus", "outside"), tuple(product(("ahead", "behind"), ("none", *OFFS))))
def test_a_wrong_prometheus_is_one_clock_more(program: Find, tmp_path: Path, prometheus: str, outside: str) -> None:
    """Off by 2 h 11 min beside a clock outside, right or wrong itself: the rules say what `check` would."""
    agree(program("promtool"), tmp_path, prometheus, (outside, "none"), STRIDE_OF_WRONG)


@pytest.mark.parametrize(("prometheus", "outside", "second"), DISPUTES)
def test_clocks_outside_that_contradict_each_other(
    program: Find, tmp_path: Path, prometheus: str, outside: str, second: str
) -> None:
    """Two outside of which one at least is wrong, beside any Prometheus: the rules say what `check` would."""
    agree(program("promtool"), tmp_path, prometheus, (outside, second), STRIDE_OF_WRONG)


@pytest.mark.parametrize("outside", ["none", *OFFS])
def test_several_api_servers_behind_one_address(program: Find, tmp_path: Path, outside: str) -> None:
    """Their clocks contradict each other: the rules judge each end of validity by the server that rejects first."""
    agree(program("promtool"), tmp_path, "right", (outside, "none"), STRIDE if WHOLE else 11, SEVERAL)


def agree(  # noqa: PLR0913, PLR0917 - the axes
    promtool: Path,
    directory: Path,
    prometheus: str,
    outside: tuple[str, str],
    stride: int,
    api_servers: tuple[str, ...] = API_SERVER,
) -> None:
    """Check one in *stride* of the nights, of which Prometheus and clocks *outside* say what their names say."""
    now = TRUE + OFFS[prometheus]
    picked = list(islice(product(api_servers, NODE, SYNCHRONIZED, CURRENT), 0, None, stride))
    for start in range(0, len(picked), BATCH):
        series, samples = [], []
        for number, (api_server, node, synchronized, current) in enumerate(picked[start : start + BATCH]):
            clocks = Clocks(
                api_server=api_server,
                node=node,
                synchronized=synchronized,
                outside=outside[0],
                second=outside[1],
                hardware="none",
            )
            night = Night(clocks=clocks, current=current, fallbacks="good")
            seen = night.look()
            # A job of its own, so that the nights are no fleet; its name says which night it is.
            job = f"{number} api {api_server} node {node} {synchronized} {current}/kubepki-exporter"
            series += scraped(seen, now, job)
            samples += [
                {"labels": labels("", {"alertname": alert, "path": LINK, "job": job}), "value": 1}
                for alert in sorted(expected(night, seen, now))
            ]
        path = directory / f"table-{start}.test.yml"
        path.write_text(yaml.safe_dump(document(series, samples)), encoding="utf-8")
        run(promtool, "test", "rules", path)


def document(series: list[dict[str, str]], samples: list[dict[str, object]]) -> dict[str, object]:
    """Return promtool's test of which alerts about the certificate fire after twelve minutes."""
    alerts = "|".join(code.alert for code in CODES)
    firing = f'group by (alertname, job, path) (ALERTS{{alertstate="firing", alertname=~"{alerts}"}})'
    return {
        "rule_files": [str(RULES / "kubepki.rules.yml")],
        "evaluation_interval": "1m",
        "group_eval_order": ORDER,
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [{"expr": firing, "eval_time": f"{MINUTES}m", "exp_samples": samples}],
            }
        ],
    }
