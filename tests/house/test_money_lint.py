"""No float stands in money code; seconds may be floats where their name says so."""

import ast
from pathlib import Path

import pytest

from tools.money_lint import floats, money_floats

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("forbidden", "allowed"),
    [
        ("rate = 1.5", "rate = 15"),
        ("fee = float(text)", "fee = int(text)"),
        ("def fee(amount: float): ...", "def fee(amount: int): ..."),
        ("def fee() -> float: ...", "def waited_s() -> float: ..."),
        ("half = amount / 2", "half = amount // 2"),
        ("amount /= 2", "amount //= 2"),
        ("folder / name", 'folder / "name"'),
        ("amounts: list[float] = []", "amounts: list[int] = []"),
        ("LEASE: Final = 3.0", "LEASE_S: Final = 3.0"),
        ("self.lease: float = 3", "self.lease_s: float = 3"),
        ("def wait(at_most: float = 3.0): ...", "def wait(at_most_s_max: float = 3.0): ..."),
        ("def wait(*, lease: int = 3.0): ...", "def wait(a, *, b=1, lease_s: float = 3.0): ..."),
        ("wait(at_most=0.5)", "wait(at_most_s=0.5)"),
    ],
)
def test_a_float_is_found_and_its_closest_allowed_neighbour_passes(
    forbidden: str, allowed: str
) -> None:
    assert list(floats(ast.parse(forbidden))), forbidden
    assert list(floats(ast.parse(allowed))) == [], allowed


def test_a_float_in_any_money_folder_is_found_with_its_place(tmp_path: Path) -> None:
    places = ["ledger/lane/fee.py", "formats/camt.py", "kernel/money.py"]
    for place in [*places, "kernel/clock.py"]:
        path = tmp_path / "bezant" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("amount = 1\nrate = 0.5\n")
    found = money_floats(tmp_path)
    assert found == [f"bezant/{place}:2: the literal 0.5 in money code" for place in places]


def test_this_repository_has_no_float_in_money_code() -> None:
    assert money_floats(ROOT / "src") == []
