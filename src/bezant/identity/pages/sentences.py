"""What a client asks for, in sentences that begin with "It would be able to".

Nothing that is asked for goes unsaid: a permission or a detail that has no sentence is shown as the
client wrote it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from bezant.identity.pages.languages import Catalogue

_PAYMENTS: Final = frozenset({"payment", "payment_initiation"})
_PAYMENT_MEMBERS: Final = frozenset(
    {"type", "instructedAmount", "creditorName", "creditorAccount", "actions", "locations"}
)


def sentences(
    words: Catalogue, scopes: Sequence[str], details: Sequence[Mapping[str, Any]]
) -> list[Markup]:
    """One for each scope and each authorization detail (RFC 9396), the most particular first."""
    return [
        *(_of_detail(words, detail) for detail in details),
        *(_of_scope(words, scope) for scope in scopes),
    ]


def _of_scope(words: Catalogue, scope: str) -> Markup:
    key = f"scope.{scope.replace(':', '.')}"
    # `scope.other` is a sentence about scopes, and no scope's.
    if scope != "other" and words.has(key):
        return words.say(key)
    return words.say("scope.other", scope=scope)


def _of_detail(words: Catalogue, detail: Mapping[str, Any]) -> Markup:
    kind = detail.get("type")
    if kind in _PAYMENTS and not detail.keys() - _PAYMENT_MEMBERS:
        return _of_payment(words, detail)
    return _as_written(words, detail)


def _of_payment(words: Catalogue, detail: Mapping[str, Any]) -> Markup:
    match detail:
        case {
            "instructedAmount": {"amount": str(amount), "currency": str(currency)},
            "creditorName": str(payee),
            "creditorAccount": {"iban": str(account), **more},
        } if not more:
            return words.say(
                "detail.payment",
                amount=strong(f"{amount} {currency}"),
                payee=strong(payee),
                account=strong(account),
            )
        case _:
            return _as_written(words, detail)


def _as_written(words: Catalogue, detail: Mapping[str, Any]) -> Markup:
    facts = [
        fact for name, value in detail.items() if name != "type" for fact in _flat(name, value)
    ]
    return words.say("detail.other", type=detail.get("type", ""), facts=", ".join(facts))


def _flat(name: str, value: object) -> Iterator[str]:
    """A value's leaves, each with its path."""
    if isinstance(value, Mapping):
        for inner, each in value.items():
            yield from _flat(f"{name}.{inner}", each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _flat(name, each)
    else:
        yield f"{name}: {value}"


def strong(text: str) -> Markup:
    """Text that matters most in its sentence."""
    return Markup("<strong>{}</strong>").format(text)
