"""How measurements are judged."""

import msgspec
import pytest

from bezant.cli.bench import cases
from bezant.cli.bench.cases import CASES, Figure, NotMeasured, Suite, judge


def judged(suite: Suite, **changes: float | NotMeasured) -> dict[str, Figure]:
    """All cases of a suite at 100 but for some, by their names."""
    measured = {case.name: 100.0 for case in CASES} | changes
    return {figure.case: figure for figure in judge([suite], measured)}


@pytest.mark.parametrize("case", [case.name for case in CASES])
def test_a_case_without_a_measurement_is_an_error(case: str) -> None:
    measured = {other.name: 1.0 for other in CASES if other.name != case}
    with pytest.raises(KeyError):
        judge(list(Suite), measured)


@pytest.mark.parametrize(("measured", "is_met"), [(349.9, False), (350.0, True), (1000.0, True)])
def test_a_ratio_is_judged_by_its_case_of_the_same_run(*, measured: float, is_met: bool) -> None:
    figure = judged(Suite.LEDGER, **{cases.BULK: measured})[cases.BULK]
    assert figure.ok is is_met
    assert figure.target == 350.0
    assert figure.ratio_to == cases.Ratio(cases.REFERENCE, 100.0, measured / 100, 3.5)


@pytest.mark.parametrize(("measured", "is_met"), [(500.0, True), (500.1, False)])
def test_a_ceiling_is_met_from_below(*, measured: float, is_met: bool) -> None:
    assert judged(Suite.PLATFORM, **{cases.MEMORY: measured})[cases.MEMORY].ok is is_met


@pytest.mark.parametrize(("measured", "is_met"), [(3_000.0, True), (2_999.0, False)])
def test_a_floor_is_met_from_above(*, measured: float, is_met: bool) -> None:
    assert judged(Suite.PLATFORM, **{cases.BALANCES: measured})[cases.BALANCES].ok is is_met


def test_what_was_not_measured_says_why_and_is_neither_met_nor_missed() -> None:
    reason = NotMeasured("no cache")
    figure = judged(Suite.LEDGER, **{cases.HTTPS_NO_CACHE: reason})[cases.HTTPS_NO_CACHE]
    assert (figure.value, figure.ok, figure.note) == (None, None, "no cache")


def test_programs_read_the_specified_members() -> None:
    figure = judged(Suite.PLATFORM)[cases.RESTART]
    assert msgspec.to_builtins(figure) == {
        "suite": "platform",
        "case": "restart on existing data",
        "value": 100.0,
        "unit": "s",
        "target": 3,
        "ok": False,
    }
