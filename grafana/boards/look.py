"""Colours, words for states, thresholds and links: one look for both boards."""

from collections.abc import Mapping

from grafana_foundation_sdk.models import dashboard as gf

GREEN, YELLOW, ORANGE, RED, BLUE, GREY = "green", "yellow", "orange", "red", "blue", "text"
# No colour at all, for an empty cell.
NONE = "transparent"
MINUTE, HOUR, DAY = 60, 3_600, 86_400

REPOSITORY = "https://github.com/kubepki/kubepki-exporter"
RUNBOOKS = f"{REPOSITORY}/blob/main/docs/runbooks"


def thresholds(*steps: tuple[float | None, str]) -> gf.ThresholdsConfig:
    """Return colours by value: each step is (from which value, colour), the first from None, minus infinity."""
    return gf.ThresholdsConfig(
        mode=gf.ThresholdsMode.ABSOLUTE, steps=[gf.Threshold(value=value, color=color) for value, color in steps]
    )


def words(states: Mapping[float, tuple[str, str]]) -> list[gf.ValueMapping]:
    """Return mappings from numbers to (text, colour)."""
    return [
        gf.ValueMap(
            options={
                f"{number:g}": gf.ValueMappingResult(text=text, color=color, index=index)
                for index, (number, (text, color)) in enumerate(states.items())
            }
        )
    ]


def texts(words_of: Mapping[str, str]) -> list[gf.ValueMapping]:
    """Return mappings from texts to other texts, without a colour."""
    return [
        gf.ValueMap(
            options={
                text: gf.ValueMappingResult(text=shown, index=index)
                for index, (text, shown) in enumerate(words_of.items())
            }
        )
    ]


def labels(states: Mapping[str, tuple[str, str]]) -> list[gf.ValueMapping]:
    """Return mappings from texts to (text, colour)."""
    return [
        gf.ValueMap(
            options={
                label: gf.ValueMappingResult(text=text, color=color, index=index)
                for index, (label, (text, color)) in enumerate(states.items())
            }
        )
    ]


def pattern(expression: str, text: str) -> list[gf.ValueMapping]:
    """Return a mapping to *text* from each text that matches the regular *expression*."""
    return [
        gf.RegexMap(
            options=gf.DashboardRegexMapOptions(pattern=expression, result=gf.ValueMappingResult(text=text, index=0))
        )
    ]


def word_ranges(*ranges: tuple[float | None, float | None, str, str]) -> list[gf.ValueMapping]:
    """Return mappings from ranges (from, to, text, colour), both ends included, None for an open end."""
    return [
        gf.RangeMap(
            options=gf.DashboardRangeMapOptions(
                from_val=low, to=high, result=gf.ValueMappingResult(text=text, color=color, index=index)
            )
        )
        for index, (low, high, text, color) in enumerate(ranges)
    ]


def runbook(alert: str) -> gf.DashboardLink:
    """Return a panel's link to the runbook of *alert*."""
    return gf.DashboardLink(
        title=f"Runbook {alert}", url=f"{RUNBOOKS}/{alert}.md", type_val=gf.DashboardLinkType.LINK, target_blank=True
    )


def data_link(title: str, url: str) -> gf.DashboardLink:
    """Return a link from a value; *url* may name Grafana's data-link variables."""
    return gf.DashboardLink(title=title, url=url, type_val=gf.DashboardLinkType.LINK)
