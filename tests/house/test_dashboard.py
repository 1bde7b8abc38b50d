"""The dashboard, the alerts and the scrape: they name what `/metrics` exports, and nothing else."""

import json
import re
import zipfile
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are another package
from hatchling.build import build_wheel
from prometheus_client.metrics import MetricWrapperBase

from bezant.kernel.telemetry import metrics
from promql import OF_RANGES, PromQLError, selectors

ROOT = Path(__file__).parents[2]
OPERATE = ROOT / "docs" / "operate"
DASHBOARD = OPERATE / "grafana-dashboard.json"
ALERTS = OPERATE / "bezant-alerts.yml"
SCRAPE = OPERATE / "prometheus.yml"

# What Prometheus itself adds to every sample of a target, and says of every target.
OF_TARGETS = frozenset({"job", "instance"})
BUILT_IN = {"up": frozenset[str]()}

OUTCOMES = {
    "bezant_cache_reads_total": {"hit", "miss", "stale", "invalid", "unavailable"},
    "bezant_checkpoints_total": {"signed", "published", "failed", "refused", "unread"},
    "bezant_jobs_total": {"done", "again", "dead", "replaced", "given_back"},
    "bezant_replica_reads_total": {"served", "behind", "unavailable"},
    "bezant_safeguarding_reconciliations_total": {"covered", "shortfall", "excess"},
    "bezant_vault_rotated_total": {"moved", "failed"},
    "bezant_webhook_deliveries_total": {"delivered", "retried", "given_up"},
}


def exported() -> dict[str, frozenset[str]]:
    """Every sample that `/metrics` may hold, with its labels."""
    found = dict(BUILT_IN)
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            labels = frozenset(metric._labelnames)
            match metric._type:
                case "counter":
                    found[f"{metric._name}_total"] = labels
                case "histogram":
                    found[f"{metric._name}_bucket"] = labels | {"le"}
                    found |= {f"{metric._name}_{part}": labels for part in ("count", "sum")}
                case "gauge":
                    found[metric._name] = labels
                case other:
                    raise AssertionError(f"a {other} has no place here yet")
    return found


def faults(expression: str) -> list[str]:
    """What is wrong with an expression."""
    known, found = exported(), []
    try:
        named = selectors(expression)
    except PromQLError as error:
        return [str(error)]
    for each in named:
        labels = known.get(each.name)
        if labels is None:
            found.append(f"{each.name} is not exported")
            continue
        found += [
            f"{each.name} has no label {label}"
            for label in (each.labels | each.grouped_by) - labels - OF_TARGETS
        ]
        is_counter = each.name.endswith(("_total", "_bucket", "_count", "_sum"))
        is_rated = bool(OF_RANGES & set(each.within))
        if each.is_range != is_rated or (is_rated and not is_counter):
            found.append(f"{each.name} is not what these functions take: {each.within}")
        if each.name.endswith("_bucket") and "le" not in each.grouped_by:
            found.append(f"{each.name} without le says nothing")
        if "histogram_quantile" in each.within and not each.name.endswith("_bucket"):
            found.append(f"{each.name} has no quantiles")
        found += [
            f"{each.name} never has the outcome {value}"
            for label, operator, value in each.values
            if (label, operator) == ("outcome", "=") and value not in OUTCOMES.get(each.name, set())
        ]
    return found if named else ["it names nothing"]


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """Grafana's published definition of the model, as far as ours uses it (dashboard_kind.cue)."""


class DataSource(Strict):
    type: Literal["prometheus"]
    uid: Literal["${datasource}"]


class Grid(Strict):
    h: Annotated[int, msgspec.Meta(gt=0)]
    w: Annotated[int, msgspec.Meta(gt=0, le=24)]
    x: Annotated[int, msgspec.Meta(ge=0, lt=24)]
    y: Annotated[int, msgspec.Meta(ge=0)]


class Target(Strict):
    refId: str  # noqa: N815 - Grafana's names
    datasource: DataSource
    expr: str
    legendFormat: str  # noqa: N815
    editorMode: Literal["code"]  # noqa: N815
    range: bool
    instant: bool
    format: Literal["time_series", "heatmap", "table"] = "time_series"


class Step(Strict):
    color: str
    value: float | None


class Thresholds(Strict):
    mode: Literal["absolute", "percentage"]
    steps: Annotated[list[Step], msgspec.Meta(min_length=1)]


class Color(Strict):
    mode: Literal["thresholds", "palette-classic", "fixed"]


class Defaults(Strict):
    unit: str = ""
    decimals: int = 0
    min: float = 0
    max: float = 0
    color: Color | None = None
    thresholds: Thresholds | None = None
    noValue: str = ""  # noqa: N815
    custom: dict[str, Any] = {}


class FieldConfig(Strict):
    defaults: Defaults
    overrides: list[Any]


class Panel(Strict):
    type: Literal["row", "stat", "timeseries", "heatmap"]
    id: int
    title: str
    gridPos: Grid  # noqa: N815
    description: str = ""
    datasource: DataSource | None = None
    targets: list[Target] = []
    fieldConfig: FieldConfig | None = None  # noqa: N815
    options: dict[str, Any] = {}
    transparent: bool = False
    transformations: list[Any] = []
    collapsed: bool = False
    panels: list[Any] = []


class Variable(Strict):
    type: Literal["query", "datasource"]
    name: str
    label: str
    query: str | dict[str, str]
    definition: str = ""
    datasource: DataSource | None = None
    current: dict[str, Any] = {}
    hide: Literal[0, 1, 2] = 0
    includeAll: bool = False  # noqa: N815
    allValue: str = ""  # noqa: N815
    multi: bool = False
    options: list[Any] = []
    refresh: int = 0
    regex: str = ""
    sort: int = 0
    skipUrlSync: bool = False  # noqa: N815


class Templating(Strict):
    list: list[Variable]


class Dashboard(Strict):
    uid: Annotated[str, msgspec.Meta(min_length=8, max_length=40)]
    title: str
    description: str
    tags: list[str]
    editable: bool
    graphTooltip: Literal[0, 1, 2]  # noqa: N815
    timezone: str
    fiscalYearStartMonth: int  # noqa: N815
    schemaVersion: Annotated[int, msgspec.Meta(ge=36)]  # noqa: N815
    version: int
    refresh: str
    time: dict[str, str]
    timepicker: dict[str, Any]
    weekStart: str  # noqa: N815
    links: list[Any]
    annotations: dict[str, list[Any]]
    templating: Templating
    panels: list[Panel]


@pytest.fixture(scope="module")
def dashboard() -> Dashboard:
    return msgspec.json.decode(DASHBOARD.read_bytes(), type=Dashboard)


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def queries(dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    for panel in dashboard.panels:
        yield from ((panel.title, target.expr) for target in panel.targets)


def test_every_query_of_the_dashboard_names_only_what_is_exported(dashboard: Dashboard) -> None:
    found = {
        f"{title}: {expression}": wrong
        for title, expression in queries(dashboard)
        if (wrong := faults(expression))
    }
    assert found == {}


def test_every_alert_names_only_what_is_exported() -> None:
    assert {rule["alert"]: faults(rule["expr"]) for rule in rules() if faults(rule["expr"])} == {}


def test_every_metric_is_on_the_dashboard(dashboard: Dashboard) -> None:
    named = {each.name for _, query in queries(dashboard) for each in selectors(query)}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            name = re.escape(metric._name)
            assert any(re.fullmatch(rf"{name}(_total|_bucket|_count)?", each) for each in named), (
                f"{metric._name} is not on the dashboard"
            )


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("sum(rate(bezant_ledger_transfer_total[5m]))", "is not exported"),
        ("sum by (rout) (rate(bezant_http_requests_total[5m]))", "has no label rout"),
        ('rate(bezant_http_requests_total{code="500"}[5m])', "has no label code"),
        ("rate(bezant_lane_queue_items[5m])", "is not what these functions take"),
        ("bezant_ledger_transfers_total[5m]", "is not what these functions take"),
        ("sum(rate(bezant_ledger_transfers_total))", "is not what these functions take"),
        ("sum(rate(bezant_lane_batch_seconds_bucket[5m]))", "without le"),
        ("histogram_quantile(0.9, sum(rate(bezant_ledger_transfers_total[5m])))", "no quantiles"),
        ('rate(bezant_jobs_total{outcome="died"}[5m])', "never has the outcome died"),
        ("sum(rate(bezant_ledger_transfers_total[5m])", "')' expected"),
        ("summ(bezant_workers)", "unknown function summ"),
        ("bezant_workers bezant_workers", "left over"),
        ("bezant_workers{job='x'}", "'x'"),
        ("1 + 1", "names nothing"),
    ],
)
def test_a_wrong_expression_is_seen(expression: str, fault: str) -> None:
    assert fault in "; ".join(faults(expression))


def test_the_dashboard_is_one_that_grafana_can_lay_out(dashboard: Dashboard) -> None:
    ids = [panel.id for panel in dashboard.panels]
    assert len(set(ids)) == len(ids)
    for panel in dashboard.panels:
        assert panel.gridPos.x + panel.gridPos.w <= 24, panel.title
        assert (panel.type == "row") == (not panel.targets), panel.title
        refs = [target.refId for target in panel.targets]
        assert len(set(refs)) == len(refs), panel.title
    for one, other in combinations((panel.gridPos for panel in dashboard.panels), 2):
        is_beside = one.x + one.w <= other.x or other.x + other.w <= one.x
        is_above = one.y + one.h <= other.y or other.y + other.h <= one.y
        assert is_beside or is_above


def test_thresholds_ascend_from_one_without_bound(dashboard: Dashboard) -> None:
    for panel in dashboard.panels:
        thresholds = panel.fieldConfig and panel.fieldConfig.defaults.thresholds
        if thresholds:
            values = [step.value for step in thresholds.steps]
            assert values[0] is None
            later = [value for value in values if value is not None]
            assert sorted(set(later)) == later
            assert len(later) == len(values) - 1


def test_every_variable_of_a_query_is_declared(dashboard: Dashboard) -> None:
    declared = {variable.name for variable in dashboard.templating.list}
    own = {"__rate_interval", "__interval"}
    used = set(re.findall(r"\$\{?(\w+)", DASHBOARD.read_text()))
    assert used - own - {"__all"} == declared
    for variable in dashboard.templating.list:
        if variable.type == "query":
            [metric] = re.findall(r"label_values\((\w+)", variable.definition)
            assert metric in exported()


def headings(document: Path) -> set[str]:
    """The anchors of a document's headings, as they are made from them."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_alert_says_what_happened_how_grave_it_is_and_where_to_read_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"].endswith(".")
        path, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert anchor in headings(ROOT / path), rule["alert"]
        quoted = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        kept = [each.grouped_by for each in selectors(rule["expr"])]
        assert all(quoted <= labels | ({"instance"} if not labels else set()) for labels in kept)


def test_the_scrape_reads_the_metrics_over_tls_with_a_key_and_loads_the_alerts() -> None:
    scrape = yaml.safe_load(SCRAPE.read_text())
    [job] = scrape["scrape_configs"]
    assert (job["scheme"], job["metrics_path"]) == ("https", "/metrics")
    assert job["authorization"]["type"] == "Bearer"
    assert job["tls_config"]["min_version"] == "TLS13"
    assert "insecure_skip_verify" not in SCRAPE.read_text()
    assert scrape["rule_files"] == [ALERTS.name]
    # The alerts select the job by its name.
    of_job = {
        value
        for rule in rules()
        for each in selectors(rule["expr"])
        for label, _, value in each.values
        if label == "job"
    }
    assert of_job == {job["job_name"]}
    assert all("job" in each.labels for rule in rules() for each in selectors(rule["expr"]))


def test_the_files_are_as_an_editor_would_save_them() -> None:
    text = DASHBOARD.read_text()
    assert json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n" == text


def test_the_package_brings_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    wheel = zipfile.ZipFile(tmp_path / build_wheel(str(tmp_path)))
    for path in OPERATE.iterdir():
        [name] = [
            each for each in wheel.namelist() if each.endswith(f"data/share/bezant/{path.name}")
        ]
        assert wheel.read(name) == path.read_bytes()
    assert "bezant/server/status/status.css" in wheel.namelist()
