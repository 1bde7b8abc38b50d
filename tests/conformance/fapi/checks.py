"""What modules look for in answers."""

from collections.abc import Awaitable

import httpx

from conformance.fapi.party import Overrides, Party, Sent, error_of
from conformance.fapi.peers import Shown


def require_refused(answer: httpx.Response, *errors: str) -> None:
    """A refusal of an endpoint (RFC 6749, section 5.2)."""
    assert answer.status_code in {400, 401}, answer.text
    assert answer.headers["Content-Type"].partition(";")[0] == "application/json"
    assert error_of(answer) in errors, answer.text


async def require_refused_request(
    party: Party, pushing: Awaitable[httpx.Response], *errors: str, **outside: str | None
) -> None:
    """A refusal of an authorization request: where it is pushed, or later, told or shown."""
    answer = await pushing
    if answer.status_code != 201:
        require_refused(answer, *errors)
        return
    await require_refused_visit(
        party, party.authorization_url(answer.json()["request_uri"], **outside), *errors
    )


async def require_refused_visit(party: Party, url: str, *errors: str) -> None:
    """A refusal of the authorization endpoint: told to the client, or shown to the user."""
    try:
        sent = await party.visit(url)
    except Shown as shown:
        shown.require_refusal()
    else:
        assert sent.error in errors, sent.parameters


def require_answered(party: Party, sent: Sent) -> str:
    """The code of an answer that gives the state back."""
    assert sent.parameters.get("state") == party.state
    return sent.code


async def require_works(party: Party, tokens: Overrides) -> None:
    """A token that opens the resource, and is worth nothing to who does not hold its key."""
    assert (await party.resource(tokens["access_token"])).status_code == 200
