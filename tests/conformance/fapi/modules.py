"""The conformance suite's list of modules: which there are, and with which variants each is run."""

import csv
import os
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import TypeVar

import pytest

from conformance.fapi.peers import UK_VARIANTS, VARIANTS, Authentication, Binding, Variant

Module = Callable[..., Awaitable[None]]
T = TypeVar("T", bound=Module)

ROOT = Path(__file__).parents[3]
FILE = Path(os.environ.get("BEZANT_VECTORS", ROOT.parent / "shared" / "data")) / (
    "identity/fapi/fapi2-final-op-test-modules.tsv"
)
COUNTRIES = ("-australia-", "-brazil-")

UNITED_KINGDOM = (
    "fapi2-security-profile-final-ensure-server-handles-non-matching-intent-id",
    "fapi2-security-profile-final-test-essential-acr-sca-claim",
)
"""Run with clients of UK Open Banking too."""

tests: dict[str, Module] = {}
"""The tests of the modules that were imported."""


def listed() -> dict[str, dict[str, str]]:
    """All modules but those of a country's profile, by name; none without the list."""
    if not FILE.exists():
        return {}
    with FILE.open() as lines:
        rows = {row["testName"]: row for row in csv.DictReader(lines, delimiter="\t")}
    return {
        name: row for name, row in rows.items() if not any(country in name for country in COUNTRIES)
    }


def applies(row: dict[str, str], variant: Variant) -> bool:
    """Whether a module is run with a variant."""
    if row["plan"] == "signing-only" and not variant.is_signed:
        return False
    excluded = row["variant_not_applicable"] or ""
    of = dict(part.split(":") for part in excluded.split(";") if ":" in part)
    return not (
        variant.authentication is Authentication.MTLS and "mtls" in of.get("ClientAuthType", "")
    ) and not (
        variant.binding is Binding.MTLS and "mtls" in of.get("FAPI2SenderConstrainMethod", "")
    )


def module(name: str) -> Callable[[T], T]:
    """Run a test as a module of the suite: once with each variant that the suite runs it with."""
    parametrized = pytest.mark.parametrize("variant", variants_of(name), ids=str)

    def register(test: T) -> T:
        tests[name] = test
        return parametrized(test)

    return register


def variants_of(name: str) -> list[Variant]:
    """Those that the suite runs a module with."""
    rows = listed()
    found = [variant for variant in VARIANTS if not rows or applies(rows[name], variant)]
    return [*found, *UK_VARIANTS] if name in UNITED_KINGDOM else found


def every() -> dict[str, Module]:
    """The tests of all modules."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        import_module(f"conformance.fapi.{path.stem}")
    return tests
