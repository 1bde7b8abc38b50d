"""Devices: they ask for codes, wait for their users, and get tokens once."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from authorizing import SCOPES, App, Realm, new_key
from bezant.identity.authorization import InteractionOver, LoginTooWeak
from bezant.identity.authorization.secrets import digest
from bezant.identity.clients import DEVICE_GRANT, Authentication, Clients, Profile
from bezant.identity.clients.schemas import NewOAuthClient, OAuthClient
from bezant.identity.confirmation import Confirmation
from bezant.identity.device_grant import DeviceCodes, DeviceSweep, UserCodeUnknown
from bezant.identity.issuers import Endpoint
from bezant.identity.logins import Acr
from bezant.identity.tokens import PolledFor
from bezant.kernel.database import Database
from devices import ADDRESS, Device, ask
from fixtures_api import operator_call
from fixtures_vault import add_tenant


async def test_a_device_gets_the_tokens_of_what_its_user_allowed_in_a_browser(realm: Realm) -> None:
    app = await realm.register()
    device = await Device.of(app, nonce="nonce-1", resource="https://bank.test")
    assert await device.error() == "authorization_pending"
    login = realm.login()
    begun = await device.shown()
    assert await begun.approve(login) == f"{realm.issuer.url}/device/allowed"
    tokens = await device.poll()
    assert tokens.status_code == 200, tokens.text
    given = tokens.json()
    assert given["token_type"] == "DPoP"
    assert set(given["scope"].split()) == {"openid", "accounts"}
    access = await realm.read(given["access_token"])
    assert access["sub"] == str(login.user_id)
    assert access["cnf"]["jkt"] == app.dpop.thumbprint()
    about = await realm.read(given["id_token"])
    assert about["nonce"] == "nonce-1"
    assert about["aud"] == str(app.id)
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    assert (await app.tokens(form)).status_code == 200


async def test_the_session_that_allowed_a_device_knows_whom_to_tell_of_its_end(
    realm: Realm,
) -> None:
    app = await realm.register()
    device, login = await Device.of(app), realm.login()
    begun = await device.shown()
    realm.sessions.stands = False
    with pytest.raises(LoginTooWeak):
        await begun.approve(login)
    assert await device.error() == "authorization_pending"
    realm.sessions.stands = True
    await begun.approve(login)
    assert (login.session_id, app.id) in realm.sessions.noted


async def test_a_device_that_knows_its_user_is_allowed_by_nobody_else(realm: Realm) -> None:
    app, login = await realm.register(), realm.login()
    first = await Device.of(app)
    await (await first.shown()).approve(login)
    hint = (await first.poll()).json()["id_token"]
    device = await Device.of(app, id_token_hint=hint)
    begun = await device.shown()
    with pytest.raises(LoginTooWeak):
        await begun.approve(realm.login())
    assert await device.error() == "authorization_pending"
    realm.clock.advance(seconds=5)
    await begun.approve(login)
    assert (await device.poll()).status_code == 200


async def test_a_device_is_told_what_to_show_and_how_often_to_ask(realm: Realm) -> None:
    device = await Device.of(await realm.register())
    code = device.told["user_code"]
    assert device.told == {
        "device_code": device.told["device_code"],
        "user_code": code,
        "verification_uri": f"{realm.issuer.url}/device",
        "verification_uri_complete": f"{realm.issuer.url}/device?user_code={code}",
        "expires_in": 600,
        "interval": 5,
    }


async def test_of_codes_nothing_is_stored_that_could_be_used(
    realm: Realm, database: Database
) -> None:
    device = await Device.of(await realm.register())
    rows = await database.fetch(
        "SELECT d::text AS all FROM device_authorization AS d WHERE tenant_id = $1",
        realm.issuer.tenant_id,
    )
    kept = " ".join(row["all"] for row in rows)
    assert digest(device.told["device_code"]).hex() in kept
    code = device.told["user_code"].replace("-", "")
    for secret in (device.told["device_code"], code):
        assert secret not in kept
        assert secret.encode().hex() not in kept
    # Of a short code a plain digest would be as good as the code.
    assert digest(code).hex() not in kept


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({}, "invalid_scope"),
        ({"scope": "openid everything"}, "invalid_scope"),
        ({"scope": "openid", "resource": "https://elsewhere.test"}, "invalid_target"),
        (
            {"scope": "openid", "authorization_details": '[{"type": "unknown"}]'},
            "invalid_authorization_details",
        ),
        ({"scope": "openid", "request": "a.b.c"}, "request_not_supported"),
        ({"scope": "openid", "request_uri": "urn:x"}, "request_not_supported"),
        ({"scope": "openid", "dpop_jkt": "short"}, "invalid_request"),
    ],
    ids=["no-scope", "scope", "resource", "details", "request", "request-uri", "thumbprint"],
)
async def test_what_is_not_in_order_is_refused_before_anybody_is_asked(
    realm: Realm, asked: dict[str, str], error: str
) -> None:
    app = await realm.register()
    answer = await ask(app, asked)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_who_is_not_the_client_begins_nothing(realm: Realm) -> None:
    app = await realm.register()
    stranger = App(realm, app.id, new_key())
    answer = await ask(stranger, {"scope": "openid"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_client_without_the_grant_type_gets_no_codes(realm: Realm) -> None:
    app = await realm.register(Profile.FAPI2_MESSAGE_SIGNING)
    answer = await ask(app, {"scope": "openid"})
    assert answer.json()["error"] == "unauthorized_client"


async def test_details_are_shown_and_granted_as_they_were_checked(realm: Realm) -> None:
    detail = {"type": "payment", "amount": "12.50"}
    details = msgspec.json.encode([detail]).decode()
    device = await Device.of(await realm.register(), authorization_details=details)
    begun = await device.shown()
    shown = await realm.interactions.find(realm.issuer.tenant_id, begun.id, begun.browser)
    assert shown.details == (detail,)
    assert (shown.client_name, shown.redirect_host) == ("Budget", None)
    await begun.approve()
    assert (await device.poll()).json()["authorization_details"] == [detail]


async def test_who_asks_too_often_is_told_to_slow_down_and_has_to(realm: Realm) -> None:
    device = await Device.of(await realm.register())
    assert await device.error() == "authorization_pending"
    realm.clock.advance(seconds=5)
    assert await device.error() == "authorization_pending"
    realm.clock.advance(seconds=3)
    assert await device.error() == "slow_down"
    realm.clock.advance(seconds=5)
    # Ten seconds from then on, so five are too few.
    assert await device.error() == "slow_down"
    realm.clock.advance(seconds=15)
    assert await device.error() == "authorization_pending"
    # However fast it asked: when its user has decided it is told.
    begun = await device.shown()
    await begun.approve()
    assert (await device.poll()).status_code == 200


async def test_the_pace_is_one_whichever_process_is_asked(realm: Realm, database: Database) -> None:
    app = await realm.register()
    device = await Device.of(app)
    client = await Clients(database).find(realm.issuer.tenant_id, str(app.id))
    assert client is not None
    polled = PolledFor(device.told["device_code"], client, Confirmation(jkt="A" * 43))
    now, said = realm.clock.now(), []
    for process in (DeviceCodes(), DeviceCodes()):
        answer = await database.transaction(
            lambda connection, process=process: process.poll(connection, polled, now)  # type: ignore[misc]
        )
        said.append(answer.error.error)
    assert said == ["authorization_pending", "slow_down"]


async def test_a_device_whose_user_declines_hears_that(realm: Realm) -> None:
    device = await Device.of(await realm.register())
    begun = await device.shown()
    assert await begun.refuse() == f"{realm.issuer.url}/device/refused"
    assert await device.error() == "access_denied"
    with pytest.raises(InteractionOver):
        await begun.approve()


async def test_codes_are_over_after_ten_minutes(realm: Realm) -> None:
    device = await Device.of(await realm.register())
    realm.clock.advance(seconds=599)
    assert await device.error() == "authorization_pending"
    begun = await device.shown()
    realm.clock.advance(seconds=1)
    assert await device.error() == "expired_token"
    with pytest.raises(InteractionOver):
        await begun.approve()


async def test_what_was_allowed_is_not_given_when_the_codes_are_over(realm: Realm) -> None:
    device = await Device.of(await realm.register())
    await (await device.shown()).approve()
    realm.clock.advance(seconds=600)
    assert await device.error() == "expired_token"


async def test_a_device_code_is_good_for_its_client_alone(realm: Realm) -> None:
    app, other = await realm.register(), await realm.register()
    device = await Device.of(app)
    await (await device.shown()).approve()
    assert await device.error(other) == "invalid_grant"
    # Whom it was not given to has not spoiled it either.
    assert (await device.poll()).status_code == 200


@pytest.mark.parametrize("named", [True, False], ids=["dpop_jkt", "proof"])
async def test_tokens_are_for_the_key_that_the_device_began_with(
    realm: Realm, *, named: bool
) -> None:
    app = await realm.register()
    form, headers = {"scope": "openid"}, {}
    if named:
        form["dpop_jkt"] = app.dpop.thumbprint()
    else:
        url = realm.issuer.at(Endpoint.DEVICE_AUTHORIZATION)
        headers["DPoP"] = app.proof("POST", url)
    device = Device(app, (await ask(app, form, **headers)).json())
    await (await device.shown()).approve()
    thief = App(realm, app.id, app.key)
    assert await device.error(thief) == "invalid_grant"
    assert (await device.poll()).status_code == 200


async def test_a_client_with_a_certificate_gets_tokens_for_it(realm: Realm) -> None:
    app = await realm.register(mtls=True)
    device = await Device.of(app)
    await (await device.shown()).approve()
    given = (await device.poll()).json()
    assert given["token_type"] == "Bearer"
    assert "x5t#S256" in (await realm.read(given["access_token"]))["cnf"]


async def test_a_public_client_gets_a_refresh_token_that_is_followed_by_others(
    realm: Realm,
) -> None:
    new = NewOAuthClient(
        name="Television",
        authentication=Authentication.NONE,
        grant_types=[DEVICE_GRANT, "refresh_token"],
        scopes=list(SCOPES),
    )
    call = operator_call(realm.issuer.tenant_id)
    client_id = (await realm.clients.create(call, new)).value(OAuthClient).id
    app = Public(realm, client_id, new_key())
    device = await Device.of(app)
    await (await device.shown()).approve()
    first = (await device.poll()).json()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": first}
    assert (await app.tokens(form)).json()["refresh_token"] != first


class Public(App):
    """A client that authenticates by nothing."""

    async def post(self, endpoint: Endpoint, form: dict[str, str], **headers: str) -> Any:  # noqa: ANN401 - as in App
        path = f"/id/{self.realm.issuer.tenant_id}/{endpoint}"
        async with self.http() as client:
            return await client.post(path, data={"client_id": str(self.id)} | form, headers=headers)


async def test_a_device_code_that_comes_twice_ends_what_it_brought(realm: Realm) -> None:
    app = await realm.register()
    device = await Device.of(app)
    await (await device.shown()).approve()
    first = (await device.poll()).json()
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    assert (await app.tokens(form)).status_code == 200
    assert await device.error() == "invalid_grant"
    assert (await app.tokens(form)).json()["error"] == "invalid_grant"


async def test_of_fifty_polls_at_once_one_gets_tokens(realm: Realm) -> None:
    device = await Device.of(await realm.register())
    await (await device.shown()).approve()
    answers = await asyncio.gather(*(device.poll() for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49
    errors = {answer.json()["error"] for answer in answers if answer.status_code == 400}
    assert errors == {"invalid_grant"}


async def test_of_fifty_decisions_at_once_one_counts(realm: Realm, database: Database) -> None:
    app = await realm.register()
    device = await Device.of(app)
    begun = await device.shown()
    login = realm.login()
    decided = await asyncio.gather(
        *(begun.approve(login) for _ in range(50)), return_exceptions=True
    )
    assert [type(each) for each in decided].count(InteractionOver) == 49
    rows = await database.fetch(
        "SELECT grant_id FROM oauth_grant WHERE tenant_id = $1 AND client_id = $2",
        realm.issuer.tenant_id,
        app.id,
    )
    assert len(rows) == 1


async def test_of_two_browsers_the_one_where_the_code_was_typed_last_decides(realm: Realm) -> None:
    device = await Device.of(await realm.register())
    first, last = await device.shown(), await device.shown()
    with pytest.raises(InteractionOver):
        await first.approve()
    assert await last.approve()


async def test_no_other_browser_decides(realm: Realm) -> None:
    device = await Device.of(await realm.register())
    begun = await device.shown()
    other = realm.entry.browser({})
    with pytest.raises(InteractionOver):
        await realm.interactions.approve(realm.issuer.tenant_id, begun.id, other, realm.login())
    with pytest.raises(InteractionOver):
        await realm.interactions.refuse(realm.issuer.tenant_id, begun.id, other)
    assert await begun.approve()


async def test_a_login_is_as_strong_and_new_as_the_device_asks_for(realm: Realm) -> None:
    app = await realm.register()
    device = await Device.of(app, acr_values=Acr.SCA.value, max_age="60")
    begun = await device.shown()
    with pytest.raises(LoginTooWeak):
        await begun.approve(realm.login(Acr.PASSWORD))
    login = realm.login()
    old = msgspec.structs.replace(login, at=login.at - timedelta(seconds=61))
    with pytest.raises(LoginTooWeak):
        await begun.approve(old)
    assert await begun.approve(login)


async def test_a_client_that_is_disabled_meanwhile_is_given_nothing(realm: Realm) -> None:
    app = await realm.register()
    device = await Device.of(app)
    begun = await device.shown()
    await realm.clients.disable(operator_call(realm.issuer.tenant_id), app.id)
    with pytest.raises(InteractionOver):
        await begun.approve()
    assert (await device.poll()).json()["error"] == "invalid_client"


async def test_another_tenant_knows_none_of_it(realm: Realm, database: Database) -> None:
    device = await Device.of(await realm.register())
    neighbour, code = await add_tenant(database), device.told["user_code"]
    with pytest.raises(UserCodeUnknown):
        await realm.entry.enter(neighbour, uuid4(), ADDRESS, realm.entry.browser({}), code)
    await device.shown()


async def test_rows_go_an_hour_after_their_codes(realm: Realm, database: Database) -> None:
    device = await Device.of(await realm.register())
    sweep, code_hash = DeviceSweep(database, realm.clock), digest(device.told["device_code"])
    for seconds, are_there in ((600 + 3_600, True), (1, False)):
        realm.clock.advance(seconds=seconds)
        await sweep.remove(realm.issuer.tenant_id, 1_000)
        rows = await database.fetch(
            "SELECT state FROM device_authorization WHERE tenant_id = $1 AND device_code_hash = $2",
            realm.issuer.tenant_id,
            code_hash,
        )
        assert bool(rows) is are_there


async def test_the_issuer_announces_what_devices_need(realm: Realm) -> None:
    app = await realm.register()
    async with app.http() as client:
        path = f"/id/{realm.issuer.tenant_id}/.well-known/openid-configuration"
        metadata = (await client.get(path)).json()
    assert metadata["device_authorization_endpoint"] == f"{realm.issuer.url}/device_authorization"
    alias = metadata["mtls_endpoint_aliases"]["device_authorization_endpoint"]
    assert alias == f"https://mtls.bank.test/id/{realm.issuer.tenant_id}/device_authorization"
