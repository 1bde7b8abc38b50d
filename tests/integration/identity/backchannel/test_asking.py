"""Clients ask people on their devices: what is taken, what is shown, and what is told to nobody."""

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from authorizing import App
from bezant.identity.clients import Backchannel, Delivery, Profile
from bezant.identity.issuers import Endpoint
from bezant.identity.jose import Algorithm
from bezant.identity.openid import IdTokenHints
from bezant.identity.openid.hints import Hint
from bezant.identity.sessions.errors import TooManyAttempts
from fixtures_backchannel import (
    EMAIL,
    MESSAGE,
    Bureau,
    ask,
    asking,
    decide,
    metadata_of,
    poll,
    refusal,
)

if TYPE_CHECKING:
    import asyncpg

SIGNED = Backchannel(Delivery.POLL, None, Algorithm.ES256)
PAYMENT = '[{"type":"payment","amount":"12.50"}]'


async def refused(app: App, form: dict[str, str]) -> tuple[int, str]:
    """How a request is refused."""
    answer = await app.post(Endpoint.BACKCHANNEL, form)
    assert answer.status_code != 200, answer.text
    return answer.status_code, answer.json()["error"]


async def test_a_user_is_shown_who_asks_for_what_and_the_message(
    bureau: Bureau, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    app = await bureau.client()
    _, telephone = await bureau.somebody()
    form = asking(authorization_details=PAYMENT, requested_expiry="120")
    answer = await app.post(Endpoint.BACKCHANNEL, form)
    auth_req_id = answer.json()["auth_req_id"]
    assert answer.json() == {"auth_req_id": auth_req_id, "expires_in": 120, "interval": 5}
    [approval] = await telephone.asked()
    assert json.loads(approval.shown) == {
        "kind": "backchannel",
        "client": {"id": str(app.id), "name": "Shop"},
        "scopes": ["openid", "accounts"],
        "authorization_details": json.loads(PAYMENT),
        "binding_message": MESSAGE,
    }
    assert (approval.expires_at - bureau.clock.now()).total_seconds() == 120
    [row] = await owner.fetch(
        "SELECT * FROM backchannel_request WHERE tenant_id = $1", bureau.issuer.tenant_id
    )
    assert row["id_hash"] == hashlib.sha256(auth_req_id.encode()).digest()
    assert not any(secret in str(dict(row)) for secret in (auth_req_id, MESSAGE, EMAIL))


@pytest.mark.parametrize(
    ("others", "error"),
    [
        ({"login_hint": ""}, "invalid_request"),
        ({"id_token_hint": "a.b.c"}, "invalid_request"),
        ({"login_hint": "", "login_hint_token": "a.b.c"}, "invalid_request"),
        ({"login_hint": "", "id_token_hint": "a.b.c"}, "invalid_request"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "accounts"}, "invalid_scope"),
        ({"scope": "openid everything"}, "invalid_scope"),
        ({"binding_message": ""}, "invalid_request"),
        ({"binding_message": "a" * 101}, "invalid_binding_message"),
        ({"binding_message": "Pay <b>1</b>"}, "invalid_binding_message"),
        ({"binding_message": "Pay\u202e1"}, "invalid_binding_message"),
        ({"user_code": "1234"}, "invalid_request"),
        ({"requested_expiry": "0"}, "invalid_request"),
        ({"requested_expiry": "soon"}, "invalid_request"),
        ({"resource": "https://elsewhere.test"}, "invalid_target"),
        ({"authorization_details": "[{}]"}, "invalid_authorization_details"),
        ({"request": "a.b.c"}, "invalid_request"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else value,
)
async def test_what_is_not_in_order_is_refused_and_nobody_is_disturbed(
    bureau: Bureau, others: dict[str, str], error: str
) -> None:
    app = await bureau.client()
    _, telephone = await bureau.somebody()
    assert await refused(app, asking(**others)) == (400, error)
    assert await telephone.asked() == []
    await ask(app)
    assert len(await telephone.asked()) == 1


async def test_details_tell_requests_apart_as_a_message_does(bureau: Bureau) -> None:
    app = await bureau.client()
    await ask(app, binding_message="", authorization_details=PAYMENT)


async def test_how_long_a_user_may_take_is_asked_for_within_bounds(bureau: Bureau) -> None:
    app = await bureau.client()
    told = [
        (
            await app.post(Endpoint.BACKCHANNEL, asking(requested_expiry=wish, login_hint=name))
        ).json()
        for wish, name in (("", "a@b.test"), ("1", "b@b.test"), ("9999", "c@b.test"))
    ]
    assert [each["expires_in"] for each in told] == [300, 30, 600]


async def test_only_clients_that_may_and_that_are_themselves_ask(bureau: Bureau) -> None:
    other = await bureau.register()
    assert await refused(other, asking()) == (400, "unauthorized_client")
    app = await bureau.client()
    stranger = App(bureau, app.id, other.key)
    assert await refused(stranger, asking()) == (401, "invalid_client")
    await ask(app)


async def test_a_signed_request_is_taken_once(bureau: Bureau) -> None:
    app = await bureau.client(SIGNED, Profile.FAPI2_MESSAGE_SIGNING)
    form = bureau.signed(app, asking(), requested_expiry=120)
    answer = await app.post(Endpoint.BACKCHANNEL, form)
    assert answer.json()["expires_in"] == 120
    assert await refused(app, form) == (400, "invalid_request")
    form = bureau.signed(app, asking())
    answers = await asyncio.gather(*(app.post(Endpoint.BACKCHANNEL, form) for _ in range(10)))
    assert sorted(each.status_code for each in answers) == [200, *[400] * 9]


@pytest.mark.parametrize(
    "claims",
    [
        *({name: None} for name in ("aud", "iss", "exp", "iat", "nbf", "jti")),
        {"aud": "https://bank.test"},
        {"iss": "another"},
        {"sub": "somebody"},
        {"client_id": "another"},
        {"exp": 1},
        {"nbf": 1},
        {"nbf": 9_999_999_999, "exp": 9_999_999_999},
        {"exp": 9_999_999_999},
        {"request": "a.b.c"},
    ],
    ids=lambda claims: " ".join(f"{name}={value}" for name, value in claims.items()),
)
async def test_a_signed_request_says_what_it_must(bureau: Bureau, claims: dict[str, Any]) -> None:
    app = await bureau.client(SIGNED)
    form = bureau.signed(app, asking(), **claims)
    assert await refused(app, form) == (400, "invalid_request")
    assert (await app.post(Endpoint.BACKCHANNEL, bureau.signed(app, asking()))).status_code == 200


async def test_what_a_client_signs_it_signs_whole_and_as_it_is_registered(bureau: Bureau) -> None:
    app = await bureau.client(SIGNED)
    assert await refused(app, asking()) == (400, "invalid_request")
    beside = bureau.signed(app, asking()) | {"binding_message": "Another"}
    assert await refused(app, beside) == (400, "invalid_request")
    other = await bureau.client(Backchannel(Delivery.POLL, None, Algorithm.PS256))
    assert await refused(other, bureau.signed(other, asking())) == (400, "invalid_request")
    stolen = App(bureau, app.id, app.key)
    stolen.key = other.key
    form = bureau.signed(stolen, asking())
    assert await refused(app, form) == (400, "invalid_request")


async def test_an_id_token_names_its_user_to_the_client_that_got_it(bureau: Bureau) -> None:
    app, other = await bureau.client(), await bureau.client()
    who, telephone = await bureau.somebody()
    auth_req_id = await ask(app)
    await decide(telephone)
    hint = (await poll(app, auth_req_id)).json()["id_token"]
    # However long ago it was given.
    bureau.clock.advance(seconds=3_600)
    await ask(app, login_hint="", id_token_hint=hint)
    assert len(await telephone.asked()) == 1
    form = asking(login_hint="", id_token_hint=hint)
    assert await refused(other, form) == (400, "invalid_request")
    assert await refused(app, form | {"id_token_hint": hint[:-4] + "AAAA"}) == (
        400,
        "invalid_request",
    )
    assert str(who.id) not in hint


async def test_an_id_token_of_no_browser_is_a_hint_like_others(bureau: Bureau) -> None:
    app = await bureau.client()
    who, telephone = await bureau.somebody()
    auth_req_id = await ask(app)
    await decide(telephone)
    hint = (await poll(app, auth_req_id)).json()["id_token"]
    assert await IdTokenHints(bureau.keys).read(bureau.issuer, hint) == Hint(app.id, who.id, None)


@pytest.mark.parametrize("which", ["nobody", "no name", "disabled", "invited", "without a device"])
async def test_whoever_cannot_be_asked_is_not_told_from_one_who_does_not_react(
    bureau: Bureau, which: str
) -> None:
    app = await bureau.client()
    name, telephones = f"{which.replace(' ', '-')}@example.com", []
    if which == "disabled":
        who, telephone = await bureau.somebody(name)
        telephones.append(telephone)
        await bureau.town.people.users.disable(bureau.town.call(), who.id)
    elif which == "invited":
        await bureau.town.invited(name)
    elif which == "without a device":
        await bureau.town.somebody(name)
    elif which == "no name":
        name = "no name at all"
    _, telephone = await bureau.somebody()
    answers = [
        await app.post(Endpoint.BACKCHANNEL, asking(login_hint=each)) for each in (name, EMAIL)
    ]
    shapes = [
        (each.status_code, sorted(each.json()), len(each.json()["auth_req_id"]), len(each.headers))
        for each in answers
    ]
    assert shapes[0] == shapes[1]
    assert len(await telephone.asked()) == 1
    assert [await each.asked() for each in telephones] == [[] for _ in telephones]
    ids = [each.json()["auth_req_id"] for each in answers]
    assert [await refusal(app, each) for each in ids] == ["authorization_pending"] * 2
    bureau.clock.advance(seconds=300)
    assert [await refusal(app, each) for each in ids] == ["expired_token"] * 2


@pytest.mark.parametrize("name", [EMAIL, "nobody@example.com"])
async def test_few_requests_at_one_user_are_open_at_a_time(bureau: Bureau, name: str) -> None:
    apps = [await bureau.client() for _ in range(3)]
    who, telephone = await bureau.somebody()
    for _ in range(2):
        await ask(apps[0], login_hint=name)
    # Another spelling is the same user.
    for spelling in (name, name.upper()):
        answer = await apps[0].post(Endpoint.BACKCHANNEL, asking(login_hint=spelling))
        assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
        assert 0 < int(answer.headers["retry-after"]) <= 300
    await ask(apps[1], login_hint=name)
    answer = await apps[2].post(Endpoint.BACKCHANNEL, asking(login_hint=name))
    assert answer.status_code == 429
    # There is room left for the user's own logins on that device, and for other users.
    town = bureau.town
    await town.people.approvals.ask(town.tenant_id, who.id, b"a login")
    await ask(apps[0], login_hint="other@example.com")
    await decide(telephone)
    bureau.clock.advance(seconds=300)
    await ask(apps[2], login_hint=name)


@pytest.mark.parametrize("name", [EMAIL, "nobody@example.com"])
async def test_a_client_that_nobody_answers_waits_longer_and_longer_and_no_other_does(
    bureau: Bureau, name: str
) -> None:
    app, other = await bureau.client(), await bureau.client()
    await bureau.somebody()
    waits = []
    for _ in range(20):
        answer = await app.post(Endpoint.BACKCHANNEL, asking(login_hint=name))
        if answer.status_code == 429:
            waits.append(int(answer.headers["retry-after"]))
            bureau.clock.advance(seconds=waits[-1])
        else:
            bureau.clock.advance(seconds=300)
    # Never for ever: at most a quarter of an hour after the last, of which 300 s went by here.
    assert waits
    assert waits == sorted(waits)
    assert waits[-1] == 600
    await ask(other, login_hint=name)


async def test_whoever_approves_is_asked_as_often_as_they_like(bureau: Bureau) -> None:
    app = await bureau.client()
    _, telephone = await bureau.somebody()
    for _ in range(8):
        auth_req_id = await ask(app)
        await decide(telephone)
        assert (await poll(app, auth_req_id)).status_code == 200


async def test_neither_guesses_at_a_password_nor_its_lock_are_helped_by_an_approval(
    bureau: Bureau,
) -> None:
    app, town = await bureau.client(), bureau.town
    who, telephone = await bureau.somebody()
    guesser = town.browser("192.0.2.99")
    who.password = "wrong"
    locked = None
    for _ in range(8):
        try:
            await town.first_step(who, browser=guesser)
        except TooManyAttempts as error:
            locked = error
            break
        except Exception as error:  # noqa: BLE001 - whatever a wrong password is called
            assert type(error).__name__ == "LoginRefused"  # noqa: PT017
    assert locked is not None
    # The device's key was not guessed at: its user is not kept out by who guesses elsewhere.
    auth_req_id = await ask(app)
    await decide(telephone)
    assert (await poll(app, auth_req_id)).status_code == 200
    with pytest.raises(TooManyAttempts):
        await town.first_step(who, browser=guesser)


async def test_what_is_offered_is_announced(bureau: Bureau) -> None:
    app = await bureau.client()
    async with app.http() as client:
        path = f"/id/{bureau.issuer.tenant_id}/.well-known/openid-configuration"
        answer = await client.get(path)
    assert metadata_of(answer) == {
        "backchannel_authentication_endpoint": bureau.issuer.at(Endpoint.BACKCHANNEL),
        "backchannel_token_delivery_modes_supported": ["poll", "ping"],
        "backchannel_authentication_request_signing_alg_values_supported": [
            "PS256",
            "ES256",
            "EdDSA",
        ],
        "backchannel_user_code_parameter_supported": False,
    }
    assert "urn:openid:params:grant-type:ciba" in answer.json()["grant_types_supported"]


async def test_a_request_is_audited_as_its_clients(
    bureau: Bureau, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    app = await bureau.client()
    await ask(app)
    rows = await owner.fetch(
        "SELECT action, resource FROM audit_entry WHERE tenant_id = $1 AND actor = $2",
        bureau.issuer.tenant_id,
        f"client:{app.id}",
    )
    assert ("backchannel.asked", f"/v1/oauth-clients/{app.id}") in [tuple(row) for row in rows]
