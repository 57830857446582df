"""Reads the committed dashboards and fills in what Grafana would: variables and intervals."""

import json
from collections.abc import Iterator
from typing import Any

from tests.conftest import ROOT

DASHBOARDS = ROOT / "grafana" / "dashboards"
UIDS = ("kubepki-fleet", "kubepki-host")
Json = dict[str, Any]


def board(uid: str) -> Json:
    """Return the dashboard *uid*."""
    loaded: Json = json.loads((DASHBOARDS / f"{uid}.json").read_text(encoding="utf-8"))
    return loaded


def panels(uid: str) -> list[Json]:
    """Return the panels of a dashboard, those of collapsed rows too, rows left out."""
    placed = board(uid)["panels"]
    folded = [panel for row in placed if row["type"] == "row" for panel in row.get("panels") or []]
    return [panel for panel in placed if panel["type"] != "row"] + folded


def panel(uid: str, title: str) -> Json:
    """Return the one panel with *title*."""
    (found,) = [panel for panel in panels(uid) if panel["title"] == title]
    return found


def targets() -> Iterator[tuple[str, str, Json]]:
    """Return (uid, panel title, target) of every target of every panel."""
    for uid in UIDS:
        for each in panels(uid):
            for target in each["targets"]:
                yield uid, each["title"], target


def filled(expr: str, *, instance: str = ".+", job: str = ".+", cluster: str = ".+") -> str:
    """Return *expr* as Grafana would send it, All for what is not chosen."""
    values = {"$__rate_interval": "1m", "$__range": "5m", "$instance": instance, "$job": job, "$cluster": cluster}
    for name, value in values.items():
        expr = expr.replace(name, value)
    return expr
