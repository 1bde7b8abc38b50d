"""The messages of the scheme's API between banks (EPC103-24): facts of the standard, no I/O."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from bezant.kernel.telemetry import Sensitive
from bezant.payments.vop.matching import NAME_LENGTH_MAX, Comparison, Verdict

PATH: Final = "/vop/v1/payee-verifications"
REQUEST_ID: Final = "X-Request-ID"
REQUESTED_AT: Final = "X-Request-Timestamp"
ANSWERED_AT: Final = "X-Response-Timestamp"

CEILING_S: Final = 5.0
"""Whoever asks waits no longer; whoever is asked should need three."""

_CODES: Final = {
    Verdict.MATCH: "MTCH",
    Verdict.CLOSE_MATCH: "CMTC",
    Verdict.NO_MATCH: "NMTC",
    Verdict.NOT_POSSIBLE: "NOAP",
}
_VERDICTS: Final = {code: verdict for verdict, code in _CODES.items()}

Name = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
Bic = Annotated[str, Meta(pattern=r"^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?\Z")]
Text = Annotated[str, Meta(min_length=1, max_length=140)]


class BrokenAnswer(Exception):  # noqa: N818 - what it is
    """An answer that breaks the scheme's rules; the message repeats nothing of it."""


class Party(Sensitive, Struct, frozen=True, omit_defaults=True):
    """Who is asked about: by name, or by an identifier such as an LEI."""

    name: Name | None = None
    identification: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if (self.name is None) == (self.identification is None):
            raise ValueError("Exactly one of `name` and `identification` is needed")


class Account(Sensitive, Struct, frozen=True):
    """The account that they are to hold."""

    iban: Annotated[str, Meta(pattern=r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}\Z")]


class Institution(Struct, frozen=True):
    """A bank by its BIC."""

    bicfi: Bic


class Agent(Struct, frozen=True, rename="camel"):
    """A bank."""

    financial_institution_id: Institution


class Request(Sensitive, Struct, frozen=True, rename="camel", omit_defaults=True):
    """What one bank asks another."""

    party: Party
    party_account: Account
    party_agent: Agent
    requesting_agent: Agent
    unstructured_remittance_information: Annotated[list[Text], Meta(max_length=1)] = []

    @classmethod
    def of(cls, name: str, iban: str, agent: str, requesting: str) -> "Request":
        """A question about a name.

        Args:
            name: as the payer wrote it.
            iban: as machines write it.
            agent: the BIC of the payee's bank.
            requesting: the BIC of the payer's.
        """
        return cls(
            Party(name), Account(iban), Agent(Institution(agent)), Agent(Institution(requesting))
        )


class Response(Sensitive, Struct, frozen=True, rename="camel", omit_defaults=True):
    """What it is answered: about the name or the identifier, whichever was asked about."""

    party_name_match: str | None = None
    party_id_match: str | None = None
    matched_name: str | None = None

    @classmethod
    def of(cls, found: Comparison) -> "Response":
        """The answer to a question about a name."""
        return cls(_CODES[found.verdict], None, found.name)

    @classmethod
    def of_identifier(cls) -> "Response":
        """The answer to a question about an identifier: this bank compares names only."""
        return cls(None, _CODES[Verdict.NOT_POSSIBLE])

    def comparison(self) -> Comparison:
        """What it says of a name that was asked about.

        Raises:
            BrokenAnswer: it says nothing that the scheme knows.
        """
        verdict = _VERDICTS.get(self.party_name_match or "")
        if verdict is None:
            raise BrokenAnswer("no result for the name")
        if verdict is not Verdict.CLOSE_MATCH:
            # Told against the rules, a name is nobody's business: it is not passed on.
            return Comparison(verdict)
        name = (self.matched_name or "").strip()
        if not 0 < len(name) <= NAME_LENGTH_MAX or not name.isprintable():
            raise BrokenAnswer("a close match without a name")
        return Comparison(verdict, name)


class Problem(Struct, frozen=True):
    """The body of an error."""

    type: str
    code: str
    title: str
    status: int
    detail: str


REQUEST: Final = msgspec.json.Decoder(Request)
RESPONSE: Final = msgspec.json.Decoder(Response)
