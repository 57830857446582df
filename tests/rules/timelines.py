"""Timelines for promtool, at any interval of scraping and of evaluation."""

import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

ORDER = ["kubepki-certificates", "kubepki-paths", "kubepki-clocks", "kubepki-exporter", "kubepki-fleet"]
"""The groups as the file has them: promtool's own order is another at each run, and what one group reads of another may
be one evaluation late then."""
TARGET = {"job": "kubepki-exporter", "instance": "n"}
Values = Callable[[int], float | None]
"""What a series holds at a second of the timeline; None is Prometheus' stale marker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What a fleet looked like for a while, and how it is scraped and judged; all times in seconds."""

    scrape: int
    evaluate: int
    end: int
    lost: frozenset[int] = frozenset()
    """The numbers of the scrapes that are lost."""

    def series(self, name: str, labels: Mapping[str, str], values: Values) -> dict[str, str]:
        """Return one input series; a lost scrape makes it stale, but for `up`, which is 0 then."""
        text = ", ".join(f'{key}="{value}"' for key, value in {**TARGET, **labels}.items())
        return {"series": f"{name}{{{text}}}", "values": " ".join(self._samples(name, values))}

    def _samples(self, name: str, values: Values) -> Iterable[str]:
        for number in range(self.end // self.scrape + 1):
            value = values(number * self.scrape)
            if number in self.lost:
                yield "0" if name == "up" else "stale"
            else:
                yield "stale" if value is None else f"{value:.0f}"

    def host(self, *, skew: int = 0, **labels: str) -> list[dict[str, str]]:
        """Return what each host exports, whatever its certificates are."""
        return [
            self.series("up", labels, lambda _: 1),
            self.series("kubepki_host_time_seconds", labels, lambda second: second + skew),
        ]

    def test(self, series: list[dict[str, str]], expected: Mapping[tuple[str, int], Mapping[str, int]]) -> object:
        """Return promtool's document: at (expression, second) how many there are of each name of an alert."""
        return {
            "rule_files": [],
            "evaluation_interval": f"{self.evaluate}s",
            "group_eval_order": ORDER,
            "tests": [
                {
                    "name": f"scraped each {self.scrape} s, judged each {self.evaluate} s",
                    "interval": f"{self.scrape}s",
                    "input_series": series,
                    "promql_expr_test": [
                        {
                            "expr": f"count by (alertname) ({selector})",
                            "eval_time": f"{second}s",
                            "exp_samples": [
                                {"labels": f'{{alertname="{name}"}}', "value": count} for name, count in counts.items()
                            ],
                        }
                        for (selector, second), counts in expected.items()
                    ],
                },
            ],
        }


def judge(promtool: Path, rules: Path, document: object, directory: Path) -> None:
    """Run one document of promtool against *rules*; fail with its output where an expectation does not hold."""
    assert isinstance(document, dict)
    file = directory / "timeline.test.yml"
    file.write_text(yaml.safe_dump({**document, "rule_files": [str(rules)]}, sort_keys=False, width=100_000))
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
