"""Wire models of the proxy."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from bezant.kernel.outbound import URL_CHARACTERS_MAX
from bezant.kernel.telemetry import Sensitive
from bezant.vault.tokens.schemas import Purpose

DESTINATIONS_MAX: Final = 100
HEADERS_MAX: Final = 30
TEMPLATE_BYTES_MAX: Final = 256 << 10

Url = Annotated[str, Meta(min_length=1, max_length=URL_CHARACTERS_MAX)]


class NewDestination(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/vault/destinations`. Whatever path begins with the URL's is allowed with it."""

    url: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=URL_CHARACTERS_MAX,
            description="https, a public host, port 443, and the beginning of paths.",
            examples=["https://api.provider.example/v1/payments"],
        ),
    ]


class Destination(Struct, frozen=True):
    """A place to which requests may be sent."""

    id: UUID
    host: str
    port: int
    path_prefix: str
    created_at: datetime


class Destinations(Struct, frozen=True):
    """Every destination, oldest first."""

    destinations: list[Destination]


class ForwardBody(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """One of `json`, `form` and `text`.

    Attributes:
        json: any JSON; placeholders stand within its strings.
        form: names and values, sent as `application/x-www-form-urlencoded`.
        text: sent as `content_type`; in XML, values are escaped.
    """

    json: Raw | UnsetType = UNSET
    form: dict[str, str] | UnsetType = UNSET
    text: str | UnsetType = UNSET
    content_type: Literal["application/xml", "text/xml", "text/plain"] = "text/plain"

    def __post_init__(self) -> None:
        given = [each for each in (self.json, self.form, self.text) if each is not UNSET]
        if len(given) != 1:
            raise ValueError("Invalid field `json`: one of json, form and text")


class NewForward(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/vault/forward`.

    In the body `{{ TOKEN }}` becomes what the token stands for: a card's number, an IBAN, a value.
    `{{ TOKEN.member }}` is another part: `expiry_month`, `expiry_year`, `expiry_year_short`,
    `holder` or `cvc` of a card; `sort_code` or `account_number` of an account.
    """

    url: Url
    body: ForwardBody
    purpose: Purpose
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    headers: dict[str, str] = {}

    def __post_init__(self) -> None:
        if len(self.headers) > HEADERS_MAX:
            raise ValueError(f"Invalid field `headers`: {HEADERS_MAX} at most")


class ForwardResponse(Sensitive, Struct, frozen=True):
    """What the receiver answered.

    Attributes:
        body: its text, with the values that were sent replaced by their tokens.
        withheld: why there is no body: `too_large`, `not_text`, `encoded` or `cut`.
    """

    status: int
    content_type: str | None
    body: str | None
    withheld: Literal["too_large", "not_text", "encoded", "cut"] | None = None


class Forwarded(Sensitive, Struct, frozen=True):
    """A request that was sent on and answered.

    Attributes:
        response: null in a repeat's answer when it is no longer kept, as after an erasure.
    """

    id: UUID
    response: ForwardResponse | None
