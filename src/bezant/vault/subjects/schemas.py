"""Wire models of subjects."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from msgspec import Meta, Struct

from bezant.kernel.instants import Instant, require_within_calendar
from bezant.kernel.sealed import Purpose
from bezant.kernel.telemetry import Sensitive
from bezant.vault.subjects.holdings import Described

KEEP_DAYS_MAX: Final = 36_500

Case = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{1,63}\Z",
        description="A case number or a word, such as `litigation-2026-17`; no sentence.",
    ),
]
"""Why something is kept, in what cannot tell about people."""

FieldName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\Z", max_length=100)]

Ground = Literal[
    "no_longer_needed",
    "consent_withdrawn",
    "objection",
    "unlawful",
    "legal_obligation",
    "child_consent",
]
"""Why the person's data are erased: GDPR, article 17(1), points (a) to (f)."""


class ErasureRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/vault/subjects/{subject}/erase`."""

    reason: Ground


class RestrictionRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/vault/subjects/{subject}/restrict` and `/lift`."""

    purpose: Purpose


class NewHold(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/vault/subjects/{subject}/holds`. Without `until` it stands until it is released."""

    reason: Case
    until: Instant | None = None

    def __post_init__(self) -> None:
        require_within_calendar(self.until, "until")


class RetentionChange(Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT /v1/vault/retention/{field}`. Zero days end the rule."""

    keep_days: Annotated[int, Meta(ge=0, le=KEEP_DAYS_MAX)]
    reason: Case


class Export(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of `GET /v1/vault/subjects/{subject}/export`."""

    purpose: Purpose
    format: Literal["json", "html"] = "json"


class Hold(Struct, frozen=True):
    """A legal hold: while it stands, nothing of the subject is erased."""

    id: UUID
    reason: str
    until: datetime | None
    placed_by: str
    placed_at: datetime
    released_by: str | None = None
    released_at: datetime | None = None


class RetentionRule(Struct, frozen=True):
    """How long values of a field are kept at least, from when each was sealed."""

    field: str
    keep_days: int
    reason: str
    changed_at: datetime


class RetentionRules(Struct, frozen=True):
    """A tenant's rules, by field."""

    rules: list[RetentionRule]


class FieldCount(Struct, frozen=True):
    """How many values of a field there are, and how many that were rectified since."""

    field: str
    current: int
    former: int


class Erasure(Struct, frozen=True):
    """An erasure, complete when it is answered."""

    id: UUID
    subject_id: UUID
    reason: str
    decided_at: datetime


class Subject(Struct, frozen=True):
    """What the vault knows of a subject, without a value.

    Attributes:
        holdings: how many of what else there are, by name.
    """

    id: UUID
    state: Literal["active", "restricted", "erased"]
    created_at: datetime
    changed_at: datetime
    fields: list[FieldCount]
    holdings: dict[str, int]
    holds: list[Hold]
    erasure: Erasure | None


class ExportedValue(Sensitive, Struct, frozen=True):
    """A value, current unless it was rectified.

    Attributes:
        value: None where the key that opens it is gone.
    """

    field: str
    reference: UUID
    value: str | None
    sealed_at: datetime
    rectified_at: datetime | None
    kept_until: datetime | None


class ExportedEntry(Struct, frozen=True):
    """An entry of the audit log: who did what, and why."""

    at: datetime
    actor: str
    action: str
    resource: str
    purpose: str
    outcome: str


class SubjectExport(Sensitive, Struct, frozen=True):
    """Everything about a subject (GDPR, articles 15 and 20)."""

    subject: Subject
    exported_at: datetime
    values: list[ExportedValue]
    holdings: dict[str, list[Described]]
    audit: list[ExportedEntry]
