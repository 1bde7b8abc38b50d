"""Which institutions of the platform take part in SEPA, and under which names."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from bezant.payments.rails.errors import NotForRail

_BIC_LONG: Final = 11


@dataclass(frozen=True, slots=True)
class Participant:
    """An institution, and the BIC that the clearing system knows it by."""

    bic: str
    tenant_id: UUID
    institution_id: UUID


class Participants:
    """All of this platform's."""

    def __init__(self, participants: Iterable[Participant]) -> None:
        every = tuple(participants)
        self._by_institution = {(each.tenant_id, each.institution_id): each for each in every}
        self._by_bic = {full(each.bic): each for each in every}
        assert len(self._by_bic) == len(every), "a BIC names one institution"

    def of_institution(self, tenant_id: UUID, institution_id: UUID) -> Participant:
        """Who sends an institution's payments.

        Raises:
            NotForRail: the institution takes no part.
        """
        found = self._by_institution.get((tenant_id, institution_id))
        if found is None:
            raise NotForRail("The institution takes no part in the scheme.", field="rail")
        return found

    def named(self, bic: str) -> Participant | None:
        """Who has a BIC; one of 8 characters names the head office."""
        return self._by_bic.get(full(bic))


def full(bic: str) -> str:
    """A BIC of 11 characters."""
    return bic if len(bic) == _BIC_LONG else f"{bic}XXX"


@lru_cache(maxsize=4096)
def bic_of(iban: str) -> str | None:
    """The bank of an IBAN, by the registry of its country; None where it is not told."""
    try:
        bic = IBAN(iban).bic
    except (SchwiftyException, ValueError):
        return None
    return None if bic is None else str(bic)
