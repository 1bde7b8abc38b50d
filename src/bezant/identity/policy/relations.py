"""Relations: how a person stands to a thing, as the domain that keeps the thing knows."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID


class Relation(Protocol):
    """One relation, registered by its domain.

    Attributes:
        name: what policies call it, such as `owns_account`.
        parameters: of a path, that name the thing, such as `book` and `account`; asked only where
            a path has them all.
    """

    @property
    def name(self) -> str:
        """See above."""
        ...

    @property
    def parameters(self) -> frozenset[str]:
        """See above."""
        ...

    async def holds(self, tenant_id: UUID, user_id: UUID, names: Mapping[str, str]) -> bool:
        """Whether it holds between a user and what the path names.

        What `names` says came from outside, and may name nothing.

        Raises:
            Unavailable: that cannot be known now.
        """
        ...


class Relations:
    """Those that domains have registered."""

    def __init__(self, relations: Sequence[Relation] = ()) -> None:
        self._relations = tuple(relations)

    async def of(self, tenant_id: UUID, user_id: UUID, names: Mapping[str, str]) -> frozenset[str]:
        """The names of those that hold."""
        held = set()
        for relation in self._relations:
            if relation.parameters <= names.keys() and await relation.holds(
                tenant_id, user_id, names
            ):
                held.add(relation.name)
        return frozenset(held)
