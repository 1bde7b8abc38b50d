"""Mutants: our server with one thing wrong, which some module must notice.

A mutant changes functions of a worker while it serves, and is undone the same way: nothing in the
product knows of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from conformance.fapi.peers import Authentication, Binding, Profile, Variant

Patch = pytest.MonkeyPatch
Apply = Callable[[Patch], None]

PREFIX = "fapi2-security-profile-final-"

EVERY = Variant(Authentication.PRIVATE_KEY_JWT, Binding.DPOP, Profile.MESSAGE_SIGNING)
"""The variant in which every module is run that is not of another profile."""

UK = Variant(Authentication.PRIVATE_KEY_JWT, Binding.MTLS, Profile.UK)

Original = Callable[..., Any]


@dataclass(frozen=True)
class Mutant:
    """One thing wrong.

    Attributes:
        name: what is wrong, in words.
        kills: the modules that notice, and no others do.
        variant: what they are run with.
    """

    name: str
    kills: frozenset[str]
    apply: Apply
    variant: Variant = EVERY

    def __str__(self) -> str:
        return self.name


MUTANTS: list[Mutant] = []
"""In the order in which they are written, which names them to the workers."""


def mutant(name: str, *modules: str, variant: Variant = EVERY) -> Callable[[Apply], Apply]:
    """Register a mutant, with the modules that notice (without the prefix that all have)."""

    def register(apply: Apply) -> Apply:
        kills = frozenset(PREFIX + module for module in modules)
        MUTANTS.append(Mutant(name, kills, apply, variant))
        return apply

    return register


def around(patch: Patch, owner: object, name: str, make: Callable[[Original], Original]) -> None:
    """Replace a function by what `make` makes of it."""
    patch.setattr(owner, name, make(getattr(owner, name)))


def in_sql(patch: Patch, owner: object, name: str, old: str, new: str) -> None:
    """Change a statement."""
    statement = getattr(owner, name)
    assert old in statement, f"{name} has no {old}"
    patch.setattr(owner, name, statement.replace(old, new))
