"""Requests that nobody is asked about (`prompt=none`), and hints of who is meant."""

import asyncio
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import msgspec
import pytest

from authorizing import App, Realm
from bezant.identity.authorization import LoginTooWeak
from bezant.identity.logins import Acr, Login
from fixtures_api import operator_call


def answer_of(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 303, response.text
    query = parse_qs(urlsplit(response.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


async def come(realm: Realm, app: App, uri: str) -> dict[str, str]:
    """What the client is told of a request that a browser brings."""
    return answer_of(await realm.visit({"client_id": str(app.id), "request_uri": uri}))


async def silently(realm: Realm, app: App, **asked: str) -> dict[str, str]:
    return await come(realm, app, await app.push(**{"prompt": "none"} | asked))


async def consented(realm: Realm, app: App, **asked: str) -> Login:
    """A user who is logged in and has agreed to a request."""
    login = realm.login()
    await (await realm.begin(app, await app.push(**asked))).approve(login)
    realm.visitors.here = login
    return login


async def id_token(realm: Realm, app: App, login: Login) -> str:
    begun = await realm.begin(app, await app.push())
    code = parse_qs(urlsplit(await begun.approve(login)).query)["code"][0]
    token: str = (await app.redeem(code)).json()["id_token"]
    return token


async def test_who_consented_before_is_logged_in_without_a_page(realm: Realm) -> None:
    app = await realm.register()
    first = await consented(realm, app)
    # Another session of the same user: what counts is who it is.
    again = msgspec.structs.replace(first, session_id=uuid4(), at=realm.clock.now())
    realm.visitors.here = again
    answer = await silently(realm, app, state="s-2", nonce="n-2")
    assert (answer["state"], answer["iss"]) == ("s-2", realm.issuer.url)
    tokens = (await app.redeem(answer["code"])).json()
    claims = await realm.read(tokens["id_token"])
    assert claims["sub"] == str(first.user_id)
    assert claims["sid"] == str(again.session_id)
    assert claims["nonce"] == "n-2"
    assert (await silently(realm, app, scope="openid"))["code"]


async def test_of_fifty_browsers_with_one_request_one_gets_a_code(realm: Realm) -> None:
    app = await realm.register()
    await consented(realm, app)
    uri = await app.push(prompt="none")
    query = {"client_id": str(app.id), "request_uri": uri}
    answers = await asyncio.gather(*(realm.visit(query) for _ in range(50)))
    codes = [each for each in answers if "code=" in each.headers.get("location", "")]
    assert len(codes) == 1


async def test_nobody_in_the_browser_is_login_required(realm: Realm) -> None:
    app = await realm.register()
    await consented(realm, app)
    realm.visitors.here = None
    answer = await silently(realm, app)
    assert (answer["error"], answer["state"]) == ("login_required", "state-1")
    # A request that is answered is over.
    uri = await app.push(prompt="none")
    await come(realm, app, uri)
    query = {"client_id": str(app.id), "request_uri": uri}
    assert (await realm.visit(query)).status_code == 400


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"max_age": "60"}, None),
        ({"max_age": "59"}, "login_required"),
        ({"max_age": "0"}, "login_required"),
        ({"acr_values": Acr.PHISHING_RESISTANT.value}, None),
        ({"acr_values": Acr.SCA.value}, "login_required"),
        ({"login_hint": "ada@example.com"}, None),
        ({"login_hint": "eve@example.com"}, "login_required"),
        ({"scope": "openid"}, None),
        ({"scope": "openid accounts email"}, "consent_required"),
        ({"resource": "https://bank.test"}, "consent_required"),
        (
            {"authorization_details": '[{"type":"payment","amount":"1"}]'},
            "interaction_required",
        ),
    ],
)
async def test_what_is_not_there_already_takes_a_page(
    realm: Realm, asked: dict[str, str], error: str | None
) -> None:
    app = await realm.register()
    login = msgspec.structs.replace(realm.login(), acr=Acr.PHISHING_RESISTANT)
    await (await realm.begin(app, await app.push())).approve(login)
    realm.visitors.here = login
    realm.clock.advance(seconds=60)
    answer = await silently(realm, app, **asked)
    assert answer.get("error") == error
    assert ("code" in answer) == (error is None)


async def test_anothers_consent_or_to_another_client_covers_nothing(realm: Realm) -> None:
    app, other = await realm.register(), await realm.register()
    await consented(realm, app)
    assert (await silently(realm, other))["error"] == "consent_required"
    realm.visitors.here = realm.login()
    assert (await silently(realm, app))["error"] == "consent_required"


async def test_taking_back_what_was_given_silently_takes_back_the_consent(realm: Realm) -> None:
    app = await realm.register()
    login = await consented(realm, app)
    code = (await silently(realm, app))["code"]
    refresh = (await app.redeem(code)).json()["refresh_token"]
    tenant_id = realm.issuer.tenant_id
    grants = await realm.grants.page(tenant_id, user_id=login.user_id, limit=10)
    consent, silent = grants
    assert (consent.derived_from, silent.derived_from) == (None, consent.id)
    await realm.grants.revoke(operator_call(tenant_id), silent.id)
    grants = await realm.grants.page(tenant_id, user_id=login.user_id, limit=10)
    assert all(grant.revoked_at is not None for grant in grants)
    assert (await silently(realm, app))["error"] == "consent_required"
    form = {"grant_type": "refresh_token", "refresh_token": refresh}
    url = f"{app.origin}/id/{tenant_id}/token"
    refused = await app.post("token", form, DPoP=app.proof("POST", url))  # type: ignore[arg-type]
    assert refused.json()["error"] == "invalid_grant"


async def test_taking_back_the_consent_takes_back_what_followed_from_it(realm: Realm) -> None:
    app = await realm.register()
    login = await consented(realm, app)
    await silently(realm, app)
    tenant_id = realm.issuer.tenant_id
    grants = await realm.grants.page(tenant_id, user_id=login.user_id, limit=10)
    await realm.grants.revoke(operator_call(tenant_id), grants[0].id)
    grants = await realm.grants.page(tenant_id, user_id=login.user_id, limit=10)
    assert [grant.revoked_at is not None for grant in grants] == [True, True]


async def test_a_hint_of_another_user_is_login_required_where_nobody_may_be_asked(
    realm: Realm,
) -> None:
    app = await realm.register()
    login = await consented(realm, app)
    own = await id_token(realm, app, login)
    others = await id_token(realm, app, realm.login())
    assert (await silently(realm, app, id_token_hint=own))["code"]
    assert (await silently(realm, app, id_token_hint=others))["error"] == "login_required"


async def test_a_hint_of_another_user_lets_nobody_else_answer(realm: Realm) -> None:
    app = await realm.register()
    login = realm.login()
    hint = await id_token(realm, app, login)
    realm.clock.advance(seconds=3600)
    begun = await realm.begin(app, await app.push(id_token_hint=hint))
    found = await realm.interactions.find(realm.issuer.tenant_id, begun.id, begun.browser)
    assert found.subject == login.user_id
    with pytest.raises(LoginTooWeak):
        await begun.approve(realm.login())
    assert "code=" in await begun.approve(login)


@pytest.mark.parametrize("hint", ["nonsense", "a.b.c"])
async def test_a_hint_that_is_no_id_token_is_refused_when_it_is_pushed(
    realm: Realm, hint: str
) -> None:
    app = await realm.register()
    assert await app.refused(app.asked | {"id_token_hint": hint}) == "invalid_request"
