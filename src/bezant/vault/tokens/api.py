"""The routes of tokens. The vault's own listener serves them: no other process sees a card."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from bezant.kernel.calls import Answer
from bezant.kernel.errors import Refusal
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.sealed import SubjectErased, SubjectRestricted
from bezant.vault.fields import InvalidSealedValue, TooManySearches
from bezant.vault.keystores import KeyStoreDown
from bezant.vault.tokens import errors, schemas
from bezant.vault.tokens.service import TokenService

TOKENIZE: Final = "vault:tokenize"
DETOKENIZE: Final = "vault:detokenize"
READ: Final = "vault:read"

_TAG: Final = "tokens"
_TOKENS: Final = "/v1/vault/tokens"
_TOKEN: Final = f"{_TOKENS}/{{token}}"

_SUBJECT_EXAMPLE: Final = "01980000-0000-7000-8000-0000000000aa"
_CARD_EXAMPLE: Final = {
    "subject_id": _SUBJECT_EXAMPLE,
    "card": {"number": "4111111111111111", "expiry_month": 12, "expiry_year": 2030},
}

_OF_VALUES: Final[Sequence[type[Refusal]]] = (
    errors.CardNumberRefused,
    errors.AccountNumberRefused,
    KeyStoreDown,
)
_OF_ARRIVALS: Final[Sequence[type[Refusal]]] = (
    *_OF_VALUES,
    errors.CardExpired,
    errors.CardExpiryRefused,
    errors.CardHolderRefused,
    errors.TokenShapeRefused,
    errors.TokenFormatRefused,
    errors.NeverErasedRequired,
    InvalidSealedValue,
    SubjectErased,
)

OF_REVEALS: Final[Sequence[type[Refusal]]] = (
    SubjectRestricted,
    errors.TokenNotFound,
    errors.TokenExpired,
    errors.TokenRevoked,
    errors.TokenUsed,
    KeyStoreDown,
)


class TokenPath(Struct, frozen=True):
    """A token."""

    token: schemas.TokenText


class Routes:
    """The handlers."""

    def __init__(self, tokens: TokenService) -> None:
        self._tokens = tokens

    async def tokenize(self, asked: Writing[Nothing, schemas.NewToken]) -> Answer:
        """`POST /v1/vault/tokens`."""
        return await self._tokens.tokenizing.tokenize(asked.call, asked.body)

    async def tokenize_batch(self, asked: Writing[Nothing, schemas.NewTokenBatch]) -> Answer:
        """`POST /v1/vault/tokens/batch`."""
        return await self._tokens.tokenizing.tokenize_batch(asked.call, asked.body)

    async def get(self, asked: Reading[TokenPath, Nothing]) -> schemas.Token:
        """`GET /v1/vault/tokens/{token}`."""
        return await self._tokens.registry.get(asked.principal.tenant_id, asked.path.token)

    async def search(self, asked: Writing[Nothing, schemas.TokenSearch]) -> Answer:
        """`POST /v1/vault/tokens/search`."""
        return await self._tokens.registry.search(asked.call, asked.body)

    async def detokenize(self, asked: Writing[Nothing, schemas.Detokenization]) -> Answer:
        """`POST /v1/vault/tokens/detokenize`."""
        return await self._tokens.revealing.detokenize(asked.call, asked.body)

    async def revoke(self, asked: Writing[TokenPath, Nothing]) -> Answer:
        """`POST /v1/vault/tokens/{token}/revoke`."""
        return await self._tokens.registry.revoke(asked.call, asked.path.token)


def operations(tokens: TokenService) -> Sequence[Operation]:
    """The operations on tokens."""
    routes = Routes(tokens)
    return [*_making(routes), *_looking(routes), *_ending(routes)]


def _making(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="create_token",
            path=_TOKENS,
            tag=_TAG,
            summary="Tokenize a card, a bank account or any other value",
            description=(
                "Unless it is for a single use, what a subject has already is answered with the"
                " token that stands for it; it then lives as long as either request asked, and"
                " has the expiry and holder of the later one. A CVC is kept in memory for ten"
                " minutes, for one forwarded request."
            ),
            scope=TOKENIZE,
            action="token.create",
            body_type=schemas.NewToken,
            takes_card_numbers=True,
            example=_CARD_EXAMPLE,
            status=201,
            answer_type=schemas.IssuedToken,
            refusals=_OF_ARRIVALS,
            handler=routes.tokenize,
        ),
        WriteOperation(
            id="create_tokens",
            path=f"{_TOKENS}/batch",
            tag=_TAG,
            summary="Tokenize many values, each by itself",
            description="The results are in the items' order. An item's `id` makes it idempotent.",
            scope=TOKENIZE,
            action="token.create_batch",
            body_type=schemas.NewTokenBatch,
            takes_card_numbers=True,
            body_bytes_max=schemas.BATCH_BYTES_MAX,
            example={"tokens": [{"id": "01980000-0000-7000-8000-000000000001", **_CARD_EXAMPLE}]},
            answer_type=schemas.TokenResults,
            refusals=(KeyStoreDown, InvalidSealedValue),
            handler=routes.tokenize_batch,
        ),
    ]


def _looking(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="search_tokens",
            path=f"{_TOKENS}/search",
            tag=_TAG,
            summary="The tokens that stand for a value",
            description="Nothing is changed, and no answer is stored: a repeat searches again.",
            scope=READ,
            action="token.search",
            body_type=schemas.TokenSearch,
            takes_card_numbers=True,
            example={"card": {"number": "4111111111111111"}},
            answer_type=schemas.FoundTokens,
            refusals=(*_OF_VALUES, TooManySearches),
            handler=routes.search,
        ),
        WriteOperation(
            id="detokenize",
            path=f"{_TOKENS}/detokenize",
            tag=_TAG,
            summary="What tokens stand for",
            description=(
                "Each reveal is in the audit log with its purpose before it is answered. Where no"
                " token can be revealed, the answer is the first one's refusal. A repeat opens the"
                " values again: what was erased meanwhile stays closed. Where you can, send the"
                " tokens to where the values are needed with `POST /v1/vault/forward` instead."
            ),
            scope=DETOKENIZE,
            action="token.detokenize",
            body_type=schemas.Detokenization,
            example={"tokens": ["tok_5oigk4lpozxwy3tun5vgk3q2mfzwiylt"], "purpose": "payout"},
            answer_type=schemas.Detokenized,
            refusals=(*OF_REVEALS, errors.TooManyReveals),
            handler=routes.detokenize,
        ),
        # After those whose path would be a token's as well.
        ReadOperation(
            id="get_token",
            path=_TOKEN,
            tag=_TAG,
            summary="A token, and what may be shown beside it",
            scope=READ,
            path_type=TokenPath,
            answer_type=schemas.Token,
            refusals=(errors.TokenNotFound,),
            handler=routes.get,
        ),
    ]


def _ending(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="revoke_token",
            path=f"{_TOKEN}/revoke",
            tag=_TAG,
            summary="End a token, and remove what it stands for",
            description="The next time that the value comes, it gets another token.",
            scope=TOKENIZE,
            action="token.revoke",
            path_type=TokenPath,
            body_type=Nothing,
            example={},
            answer_type=schemas.Token,
            refusals=(errors.TokenNotFound, KeyStoreDown),
            handler=routes.revoke,
        ),
    ]
