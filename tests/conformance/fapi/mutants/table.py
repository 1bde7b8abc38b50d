"""All mutants."""

from conformance.fapi.mutants import (
    answers,
    assertions,
    browsers,
    objects,
    parameters,
    proofs,
    tokens,
)
from conformance.fapi.mutants.mutant import MUTANTS

__all__ = [
    "MUTANTS",
    "answers",
    "assertions",
    "browsers",
    "objects",
    "parameters",
    "proofs",
    "tokens",
]
