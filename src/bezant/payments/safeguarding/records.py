"""Safeguarding as rows of a commit."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from bezant.kernel.database import Row, RowKind
from bezant.kernel.ids import derived_id
from bezant.kernel.outbox import event
from bezant.ledger import ReadKind, Seen
from bezant.payments.safeguarding import schemas, store
from bezant.payments.safeguarding.errors import ArrangementNotFound, IncidentNotFound

ARRANGEMENT: Final = ReadKind("safeguarding_arrangement", store.READ_ARRANGEMENTS)
"""An arrangement with its newest terms, by its identifier."""

DAY: Final = ReadKind("safeguarding_day", store.READ_DAYS)
"""A day's cut with its result, by the identifier of the reconciliation."""

INCIDENT: Final = ReadKind("safeguarding_incident", store.READ_INCIDENTS)
"""An incident, by its identifier."""

UNCLOSED: Final = ReadKind("safeguarding_unclosed", store.READ_UNCLOSED)
"""An incident that is not closed, by `arrangement/kind`."""

FIGURES: Final = msgspec.json.Decoder(schemas.Figures)
TERMS: Final = msgspec.json.Decoder(schemas.SafeguardingTerms)

_ARRANGEMENT: Final = RowKind("safeguarding_arrangement", store.SAVE_ARRANGEMENTS, key_columns=1)
_TERMS: Final = RowKind("safeguarding_terms", store.INSERT_TERMS)
_CUT: Final = RowKind("safeguarding_cut", store.INSERT_CUTS)
_RESULT: Final = RowKind("safeguarding_result", store.INSERT_RESULTS)
_INCIDENT: Final = RowKind("safeguarding_incident", store.SAVE_INCIDENTS, key_columns=1)
_STEP: Final = RowKind("safeguarding_step", store.INSERT_STEPS)


def arrangement_id_of(institution_id: UUID, asset: str) -> UUID:
    """An arrangement's identifier: there is one for an institution and an asset."""
    return derived_id(f"safeguarding/{institution_id}/{asset}".encode())


def reconciliation_id_of(arrangement_id: UUID, day: date) -> UUID:
    """A reconciliation's identifier: there is one for an arrangement and a day."""
    return derived_id(f"safeguarding/{arrangement_id}/{day}".encode())


@dataclass(frozen=True, slots=True)
class Arranged:
    """An arrangement as it stands.

    Attributes:
        incidents: that are not closed, by kind.
    """

    id: UUID
    institution_id: UUID
    book_id: UUID
    asset: str
    version: int
    since: date
    incidents: Mapping[schemas.Outcome, UUID]
    terms: schemas.SafeguardingTerms
    agreed_at: datetime

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Arranged":
        """From its row, or as an item of the same batch has made it."""
        if "standing" in row:
            standing: Arranged = row["standing"]
            return standing
        incidents = {
            schemas.Outcome.SHORTFALL: row["shortfall_incident"],
            schemas.Outcome.EXCESS: row["excess_incident"],
        }
        return cls(
            row["arrangement_id"],
            row["institution_id"],
            row["ledger_book"],
            row["asset"],
            row["version"],
            row["since"],
            {kind: found for kind, found in incidents.items() if found is not None},
            TERMS.decode(row["terms"]),
            row["agreed_at"],
        )

    def view(self) -> schemas.Arrangement:
        """The wire form."""
        return schemas.Arrangement(
            self.id,
            self.institution_id,
            self.book_id,
            self.asset,
            self.version,
            self.since,
            self.terms,
            self.agreed_at,
        )

    def save(self, seen: Seen) -> Row:
        """Its row, which the items after this one see."""
        seen.amend(ARRANGEMENT, self.id, {"key": self.id, "standing": self})
        values = (
            self.id, self.institution_id, self.book_id, self.asset, self.version, self.since,
            self.incidents.get(schemas.Outcome.SHORTFALL),
            self.incidents.get(schemas.Outcome.EXCESS),
        )  # fmt: skip
        return Row(_ARRANGEMENT, values)

    def agreed(self, actor: str) -> Row:
        """The row of its newest terms."""
        encoded = msgspec.json.encode(self.terms)
        return Row(_TERMS, (self.id, self.version, encoded, self.agreed_at, actor))


def arranged_of(seen: Seen, arrangement_id: UUID) -> Arranged:
    """An arrangement as the items before have left it.

    Raises:
        ArrangementNotFound: the tenant has no such.
    """
    row = seen.row(ARRANGEMENT, arrangement_id)
    if row is None:
        raise ArrangementNotFound("There is no such safeguarding arrangement.")
    return Arranged.of(row)


def day_of(row: Mapping[str, Any]) -> schemas.Reconciliation:
    """A day from its row, or as an item of the same batch has made it."""
    if "standing" in row:
        standing: schemas.Reconciliation = row["standing"]
        return standing
    result = None
    if row["outcome"] is not None:
        result = schemas.Result(
            schemas.Outcome(row["outcome"]),
            str(int(row["shortfall"])),
            str(int(row["excess"])),
            FIGURES.decode(row["figures"]),
            row["incident_id"],
            row["completed_at"],
        )
    return schemas.Reconciliation(
        row["reconciliation_id"],
        row["arrangement_id"],
        row["day"],
        row["version"],
        row["known_at"],
        row["begun_at"],
        result,
    )


def cut_row(seen: Seen, begun: schemas.Reconciliation, actor: str) -> Row:
    """A day that is begun, which the items after this one see."""
    seen.amend(DAY, begun.id, {"key": begun.id, "standing": begun})
    values = (
        begun.id, begun.arrangement_id, begun.day, begun.version, begun.known_at, begun.begun_at,
        actor,
    )  # fmt: skip
    return Row(_CUT, values)


def result_row(seen: Seen, done: schemas.Reconciliation) -> Row:
    """What a day came to, which the items after this one see."""
    seen.amend(DAY, done.id, {"key": done.id, "standing": done})
    result = done.result
    assert result is not None
    figures = result.figures
    values = (
        done.arrangement_id, done.day, figures.known_seq, int(figures.resource),
        int(figures.requirement), int(result.shortfall), int(result.excess), result.outcome,
        msgspec.json.encode(figures), result.incident_id, result.completed_at,
    )  # fmt: skip
    return Row(_RESULT, values)


@dataclass(frozen=True, slots=True)
class Standing:
    """An incident as it stands.

    Attributes:
        seq: of its newest step; 0 before the first.
    """

    id: UUID
    arrangement_id: UUID
    kind: schemas.Outcome
    state: schemas.IncidentState
    seq: int
    first_day: date
    last_day: date
    amount: int
    covered_on: date | None
    acknowledged_by: str | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Standing":
        """From its row, or as an item of the same batch has made it."""
        if "standing" in row:
            standing: Standing = row["standing"]
            return standing
        return cls(
            row["incident_id"],
            row["arrangement_id"],
            schemas.Outcome(row["kind"]),
            schemas.IncidentState(row["state"]),
            row["seq"],
            row["first_day"],
            row["last_day"],
            int(row["amount"]),
            row["covered_on"],
            row["acknowledged_by"],
        )

    def view(self) -> schemas.Incident:
        """The wire form."""
        return schemas.Incident(
            self.id,
            self.arrangement_id,
            self.kind,
            self.state,
            self.first_day,
            self.last_day,
            str(self.amount),
            self.covered_on,
        )

    def save(self, seen: Seen) -> Row:
        """Its row, which the items after this one see."""
        row = {"standing": self}
        seen.amend(INCIDENT, self.id, row)
        seen.amend(UNCLOSED, unclosed_key(self.arrangement_id, self.kind), row)
        values = (
            self.id, self.arrangement_id, self.kind, self.state, self.seq, self.first_day,
            self.last_day, self.amount, self.covered_on, self.acknowledged_by,
        )  # fmt: skip
        return Row(_INCIDENT, values)

    def stepped(
        self, seen: Seen, state: schemas.IncidentState, actor: str, reason: str | None = None
    ) -> tuple["Standing", tuple[Row, ...]]:
        """It in its next state, and the rows of that; its own comes first."""
        after = replace(self, state=state, seq=self.seq + 1)
        if state is schemas.IncidentState.ACKNOWLEDGED:
            after = replace(after, acknowledged_by=actor)
        before = (self.seq, self.state) if self.seq else (None, "none")
        step = Row(_STEP, (self.id, after.seq, *before, state, reason, seen.draft.at, actor))
        told = "opened" if state is schemas.IncidentState.OPEN else state
        return after, (after.save(seen), step, after.told(seen, told))

    def told(self, seen: Seen, verb: str) -> Row:
        """The event that something became of it."""
        facts = {
            "arrangement_id": self.arrangement_id,
            "kind": self.kind,
            "amount": str(self.amount),
            "last_day": self.last_day,
        }
        subject = f"/v1/safeguarding-incidents/{self.id}"
        kind = f"safeguarding_incident.{verb}"
        return event(seen.draft.ids.new(), kind, subject, seen.draft.at, facts)


def unclosed_key(arrangement_id: UUID, kind: schemas.Outcome) -> str:
    """Where the incident of a kind is found that is not closed."""
    return f"{arrangement_id}/{kind}"


def incident_of(seen: Seen, incident_id: UUID) -> Standing:
    """An incident as the items before have left it.

    Raises:
        IncidentNotFound: the tenant has no such.
    """
    row = seen.row(INCIDENT, incident_id)
    if row is None:
        raise IncidentNotFound("There is no such safeguarding incident.")
    return Standing.of(row)


def unclosed(seen: Seen, arrangement_id: UUID, kind: schemas.Outcome) -> Standing | None:
    """The incident of a kind that is not closed, as the items before have left it."""
    row = seen.row(UNCLOSED, unclosed_key(arrangement_id, kind))
    found = None if row is None else Standing.of(row)
    return None if found is None or found.state is schemas.IncidentState.CLOSED else found
