"""The rules that a dashboard for others has to satisfy, over the committed JSON."""

import json
import re
from typing import Any

import pytest
import yaml

from grafana.generate import ROOT as GRAFANA
from grafana.generate import stale
from kubepki.metrics.families import FAMILIES
from tests.conftest import ROOT
from tests.grafana.boards import UIDS, Json, board, panels, targets

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}")
RUNBOOK = re.compile(r"/docs/runbooks/(KubePKI\w+)\.md")
EACH_TARGET = [pytest.param(target["expr"], id=f"{uid}-{title}-{target['refId']}") for uid, title, target in targets()]
EACH_PANEL = [pytest.param(panel, id=f"{uid}-{panel['title']}") for uid in UIDS for panel in panels(uid)]


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load((ROOT / "rules" / "kubepki.rules.yml").read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def test_the_committed_files_are_what_the_code_generates() -> None:
    """Nobody edits the JSON or the ConfigMaps by hand."""
    assert stale() == []


@pytest.mark.parametrize("uid", UIDS)
def test_a_board_is_fixed_and_readable_by_the_grafana_it_names(uid: str) -> None:
    """The uid, time zone, tags and schema version are set; nobody edits the board in place."""
    loaded = board(uid)
    assert loaded["uid"] == uid
    assert (loaded["editable"], loaded["timezone"], loaded["schemaVersion"]) == (False, "utc", 39)
    assert "kubepki" in loaded["tags"]
    assert "__inputs" not in loaded
    assert "id" not in loaded


@pytest.mark.parametrize("uid", UIDS)
def test_the_variables_are_those_that_importers_expect(uid: str) -> None:
    """A data source by name, and multi-select query variables refreshed with the time range."""
    variables = {variable["name"]: variable for variable in board(uid)["templating"]["list"]}
    assert list(variables) == ["datasource", "cluster", "job", "instance"]
    source = variables.pop("datasource")
    assert (source["type"], source["label"], source["query"]) == ("datasource", "Data source", "prometheus")
    for variable in variables.values():
        assert variable["type"] == "query"
        assert variable["datasource"] == SOURCE
        assert (variable["multi"], variable["allValue"], variable["refresh"]) == (True, ".+", 2)
        assert variable["label"] == variable["name"].capitalize()


@pytest.mark.parametrize("panel", EACH_PANEL)
def test_a_panel_says_what_it_is(panel: Json) -> None:
    """Each panel has a title, a description, a unit, the chosen data source and at least one target."""
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == SOURCE
    assert panel["targets"]
    assert all(target["datasource"] == SOURCE for target in panel["targets"])
    if panel["type"] in {"table", "stat"}:
        assert panel["fieldConfig"]["defaults"]["noValue"]


@pytest.mark.parametrize("uid", UIDS)
def test_panels_lie_side_by_side_and_never_on_each_other(uid: str) -> None:
    """No two panels share a place of the grid, and no two an id."""
    taken: set[tuple[int, int]] = set()
    for panel in board(uid)["panels"]:
        grid = panel["gridPos"]
        cells = {
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert not taken & cells
        assert all(x < 24 for x, _ in cells)
        taken |= cells
    ids = [panel["id"] for panel in board(uid)["panels"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("expr", EACH_TARGET)
def test_every_selector_follows_the_variables(expr: str) -> None:
    """Each selector has the matchers of job, instance and cluster; none stands without braces.

    Series about a whole job have no instance, and alerts need not have one: `$instance|` lets these pass.
    """
    selectors = SELECTOR.findall(expr)
    assert selectors
    for name, matchers in selectors:
        assert 'job=~"$job"' in matchers
        whole_job = name.startswith(("job:", "job_clock:")) or name == "ALERTS"
        assert re.search(rf'instance=~"\$instance{"[|]?" if whole_job else ""}"', matchers)
        assert 'cluster=~"$cluster|"' in matchers
    outside = re.sub(r'"[^"]*"', '""', SELECTOR.sub("S", expr))
    assert not re.search(r"kubepki|process_|ALERTS|\bup\b", outside)


@pytest.mark.parametrize("expr", EACH_TARGET)
def test_counters_are_shown_as_increases(expr: str) -> None:
    """A counter is only within rate, irate or increase over the rate interval."""
    for counter in re.finditer(r"\w+_total\{[^}]*\}", expr):
        before, after = expr[: counter.start()], expr[counter.end() :]
        assert re.search(r"(rate|irate|increase)\($", before)
        assert after.startswith("[$__rate_interval])")


def test_every_series_exists() -> None:
    """What the panels ask for is exported, recorded, or Prometheus' own."""
    known = {family.name for family in FAMILIES} | {rule["record"] for rule in rules() if "record" in rule}
    known |= {"up", "ALERTS", "process_resident_memory_bytes"}
    asked = {name for _, _, target in targets() for name, _ in SELECTOR.findall(target["expr"])}
    assert asked <= known


@pytest.mark.parametrize("uid", UIDS)
def test_links_lead_to_the_other_board_and_to_runbooks_of_real_alerts(uid: str) -> None:
    """The boards link each other, and every runbook named is that of an alert of the rules."""
    other = {"kubepki-fleet": "kubepki-host", "kubepki-host": "kubepki-fleet"}[uid]
    links = board(uid)["links"]
    (url,) = [link["url"] for link in links if link.get("url", "").startswith(f"/d/{other}") and link["keepTime"]]
    # All instances would choose none on the host board.
    assert "${cluster:queryparam}" in url
    assert "instance" not in url
    books = {book for panel in panels(uid) for link in panel["links"] for book in RUNBOOK.findall(link["url"])}
    assert books
    assert books <= {rule["alert"] for rule in rules() if "alert" in rule}


def test_every_alert_has_a_panel_that_leads_to_its_runbook() -> None:
    """An alert that no panel explains would send an operator to the boards in vain."""
    text = "".join((GRAFANA / "dashboards" / f"{uid}.json").read_text(encoding="utf-8") for uid in UIDS)
    missing = {rule["alert"] for rule in rules() if "alert" in rule} - set(RUNBOOK.findall(text))
    assert not missing


@pytest.mark.parametrize("panel", EACH_PANEL)
def test_dates_in_tables_are_iso_over_milliseconds(panel: Json) -> None:
    """A column of dates multiplies seconds by 1000; Grafana's dates are milliseconds."""
    if panel["type"] != "table":
        return
    names = panel["transformations"][-1]["options"]["renameByName"]
    by_title = {title: field for field, title in names.items()}
    for override in panel["fieldConfig"]["overrides"]:
        units = [entry["value"] for entry in override["properties"] if entry["id"] == "unit"]
        if units == ["dateTimeAsIso"]:
            ref = by_title[override["matcher"]["options"]].removeprefix("Value #")
            (expr,) = [target["expr"] for target in panel["targets"] if target["refId"] == ref]
            assert expr.startswith("1000 * ")


def test_timelines_are_coloured_by_their_words() -> None:
    """Colours of thresholds make Grafana merge values and drop the words; every timeline has a palette and words."""
    timelines = [panel for uid in UIDS for panel in panels(uid) if panel["type"] == "state-timeline"]
    assert timelines
    for panel in timelines:
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["color"]["mode"] == "palette-classic"
        assert defaults["mappings"]


def test_nothing_is_shown_in_the_colour_of_good_where_there_is_no_value() -> None:
    """The word for no value has the colour of the first step."""
    for uid in UIDS:
        for panel in panels(uid):
            if panel["type"] == "stat":
                assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["color"] != "green", panel["title"]


def test_titles_of_small_tiles_are_short() -> None:
    """At 1366 px a tile has room for so many characters."""
    for uid in UIDS:
        for panel in panels(uid):
            if panel["type"] == "stat" and panel["gridPos"]["w"] < 9:
                assert len(panel["title"]) <= 18, panel["title"]


def test_what_to_do_is_never_cut() -> None:
    """At 1366 px the two columns of words have room for so many characters, side by side."""
    (target,) = [target for _, title, target in targets() if title.startswith("What to do")][:1]
    whats, commands = (re.findall(rf'"{label}", "([^"$]+)"', target["expr"]) for label in ("what", "command"))
    assert len(whats) > 20
    assert [text for text in whats if len(text) > 45] == []
    assert [text for text in commands if len(text) > 62] == []


def test_a_link_to_a_host_carries_its_cluster() -> None:
    """Two clusters may have hosts of one name."""
    urls = [
        link["url"]
        for panel in panels("kubepki-fleet")
        for override in panel["fieldConfig"]["overrides"] or []
        for entry in override["properties"]
        if entry["id"] == "links"
        for link in entry["value"]
        if "/d/kubepki-host" in link["url"]
    ]
    assert len(urls) >= 3
    assert all("var-cluster=${__data.fields.Cluster}" in url for url in urls)


def test_the_provisioning_files_and_config_maps_load() -> None:
    """Each is YAML of the form that Grafana and its sidecar read, and holds the boards."""
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert source["type"] == "prometheus"
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/kubepki.yml").read_text())["providers"]
    assert provider["options"]["path"]
    for uid in UIDS:
        document = yaml.safe_load((GRAFANA / "sidecar" / f"{uid}.yaml").read_text(encoding="utf-8"))
        assert document["metadata"]["labels"] == {"grafana_dashboard": "1"}
        assert document["data"][f"{uid}.json"] == (GRAFANA / "dashboards" / f"{uid}.json").read_text(encoding="utf-8")
        assert len(document["data"][f"{uid}.json"]) < 1_000_000


@pytest.mark.parametrize("uid", UIDS)
def test_the_form_for_import_asks_for_the_data_source_and_becomes_the_provisioned_board(uid: str) -> None:
    """Grafana's import puts the answer in the place of each `${INPUT}` and drops what begins with two underscores."""
    exported = json.loads((GRAFANA / "import" / f"{uid}.json").read_text(encoding="utf-8"))
    (asked,) = exported["__inputs"]
    assert (asked["type"], asked["pluginId"]) == ("datasource", "prometheus")
    needed = {(each["type"], each["id"]) for each in exported["__requires"]}
    assert needed == {("grafana", "grafana"), ("datasource", "prometheus")} | {
        ("panel", panel["type"]) for panel in panels(uid)
    }
    placeholder = "${" + asked["name"] + "}"
    text = json.dumps({key: value for key, value in exported.items() if not key.startswith("__")})
    assert placeholder in text
    imported = json.loads(text.replace(placeholder, "the-chosen-one"))
    source, *others = imported["templating"]["list"]
    assert source.pop("current")["value"] == "the-chosen-one"
    provisioned = board(uid)
    provisioned["templating"]["list"][0].pop("current", None)
    assert [source, *others] == provisioned["templating"]["list"]
    assert imported == provisioned


def test_the_documentation_says_what_each_panel_says() -> None:
    """docs/dashboards.md has a row for each panel with the panel's own description."""
    text = (ROOT / "docs" / "dashboards.md").read_text(encoding="utf-8")
    for uid in UIDS:
        for panel in panels(uid):
            assert f"| {panel['title']} | {panel['description']} |" in text
