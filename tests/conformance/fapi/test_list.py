"""Nothing of the suite's list is left out."""

from importlib import import_module
from pathlib import Path

from conformance.fapi.modules import covered, listed


def test_every_module_that_is_not_of_a_country_is_run() -> None:
    for path in Path(__file__).parent.glob("test_*.py"):
        import_module(f"conformance.fapi.{path.stem}")
    assert covered == listed().keys()
