"""Browsers come with a request, users decide, and exactly one decision counts."""

import asyncio
from collections import Counter
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest

from authorizing import REDIRECT, App, Realm
from bezant.identity.authorization import COOKIE, InteractionOver, LoginTooWeak
from bezant.identity.authorization.domain import BEGUN_MAX
from bezant.identity.clients import Profile
from bezant.identity.logins import Acr
from bezant.kernel.errors import Unavailable
from fixtures_api import operator_call

AT_ONCE = 50


@pytest.fixture
async def app(realm: Realm) -> App:
    return await realm.register()


def answered(url: str) -> dict[str, str]:
    """What a browser carries to the client, without the parameter that is the client's own."""
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


async def is_taken(realm: Realm, app: App, uri: str) -> bool:
    answer = await realm.visit({"client_id": str(app.id), "request_uri": uri})
    return answer.status_code == 303


class TestBeginning:
    """The authorization endpoint."""

    async def test_a_browser_is_sent_on_to_log_in(self, realm: Realm, app: App) -> None:
        query = {"client_id": str(app.id), "request_uri": await app.push()}
        for method in ("GET", "POST"):
            answer = await realm.visit(query, method=method)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith(f"{realm.issuer.url}/interactions/")
            cookie = answer.headers["set-cookie"]
            assert cookie.startswith(f"{COOKIE}=")
            assert "; Path=/; " in cookie
            assert cookie.endswith("; Secure; HttpOnly; SameSite=Lax")

    async def test_a_reference_is_the_clients_own(self, realm: Realm, app: App) -> None:
        other = await realm.register()
        uri = await app.push()
        assert not await is_taken(realm, other, uri)
        assert await is_taken(realm, app, uri)

    async def test_a_reference_is_good_until_the_decision(self, realm: Realm, app: App) -> None:
        uri = await app.push()
        assert await is_taken(realm, app, uri)
        begun = await realm.begin(app, uri)
        other = await realm.begin(app, uri)
        await begun.approve()
        assert not await is_taken(realm, app, uri)
        with pytest.raises(InteractionOver):
            await other.approve()

    async def test_a_reference_ends_soon_unless_a_browser_comes(
        self, realm: Realm, app: App
    ) -> None:
        uris = [await app.push() for _ in range(2)]
        realm.clock.advance(seconds=59)
        assert await is_taken(realm, app, uris[0])
        realm.clock.advance(seconds=1)
        assert not await is_taken(realm, app, uris[1])
        realm.clock.advance(seconds=15 * 60 - 2)
        assert await is_taken(realm, app, uris[0])
        realm.clock.advance(seconds=1)
        assert not await is_taken(realm, app, uris[0])

    async def test_a_reference_is_used_a_bounded_number_of_times(
        self, realm: Realm, app: App
    ) -> None:
        uri = await app.push()
        for _ in range(BEGUN_MAX):
            assert await is_taken(realm, app, uri)
        assert not await is_taken(realm, app, uri)

    @pytest.mark.parametrize(
        "others",
        [
            {"request_uri": "https://evil.test/request"},
            {"request_uri": "urn:ietf:params:oauth:request_uri:unknown"},
            {"request_uri": ""},
            {"client_id": ""},
            {"client_id": str(uuid4())},
            {"client_id": "<script>alert(1)</script>"},
        ],
    )
    async def test_what_is_wrong_sends_a_browser_nowhere(
        self, realm: Realm, app: App, others: dict[str, str]
    ) -> None:
        query = app.asked | {"request_uri": await app.push()}
        answer = await realm.visit(query | others | {"redirect_uri": "https://evil.test"})
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "set-cookie" not in answer.headers
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "script" not in answer.text
        assert "evil" not in answer.text
        assert (await realm.visit(query)).status_code == 303

    async def test_a_request_that_was_not_pushed_goes_nowhere(self, realm: Realm, app: App) -> None:
        answer = await realm.visit(app.asked)
        assert (answer.status_code, "location" in answer.headers) == (400, False)

    async def test_what_the_browser_brings_beside_the_reference_is_not_looked_at(
        self, realm: Realm, app: App
    ) -> None:
        stateless = await app.push(app.asked | {"state": ""})
        for uri, state in ((await app.push(), "state-1"), (stateless, None)):
            planted = {
                "state": "planted",
                "nonce": "planted",
                "scope": "payments",
                "redirect_uri": "https://evil.test/cb",
                "response_type": "token",
            }
            answer = await realm.visit(planted | {"client_id": str(app.id), "request_uri": uri})
            assert answer.status_code == 303
            url = await (await realm.begin(app, uri)).approve()
            assert url.startswith(f"{REDIRECT}?code=")
            assert answered(url).get("state") == state

    async def test_nothing_is_given_without_asking(self, realm: Realm, app: App) -> None:
        uri = await app.push(prompt="none")
        answer = await realm.visit({"client_id": str(app.id), "request_uri": uri})
        assert answer.headers["location"].startswith(REDIRECT)
        told = answered(answer.headers["location"])
        assert told["error"] == "login_required"
        assert (told["state"], told["iss"]) == ("state-1", realm.issuer.url)

    async def test_a_disabled_client_is_not_served(self, realm: Realm, app: App) -> None:
        uri, other = await app.push(), await app.push()
        begun = await realm.begin(app, other)
        await realm.clients.disable(operator_call(realm.issuer.tenant_id), app.id)
        assert not await is_taken(realm, app, uri)
        with pytest.raises(InteractionOver):
            await begun.approve()


class TestDecisions:
    """What a user decides."""

    async def test_an_approval_brings_a_code_and_says_who_answers(
        self, realm: Realm, app: App
    ) -> None:
        url = await (await realm.begin(app, await app.push())).approve()
        told = answered(url)
        assert url.startswith(f"{REDIRECT}?")
        assert told.keys() == {"code", "state", "iss"}
        assert (told["state"], told["iss"]) == ("state-1", realm.issuer.url)

    async def test_a_query_of_the_clients_own_stays(self, realm: Realm, app: App) -> None:
        uri = await app.push(redirect_uri=f"{REDIRECT}?region=eu")
        url = await (await realm.begin(app, uri)).approve()
        assert url.startswith(f"{REDIRECT}?region=eu&code=")

    async def test_a_refusal_is_told_and_is_final(self, realm: Realm, app: App) -> None:
        uri = await app.push()
        begun = await realm.begin(app, uri)
        told = answered(await begun.refuse())
        assert (told["error"], told["state"]) == ("access_denied", "state-1")
        assert told["iss"] == realm.issuer.url
        with pytest.raises(InteractionOver):
            await begun.approve()
        assert not await is_taken(realm, app, uri)

    async def test_a_signed_answer_says_who_answers_whom(self, realm: Realm, app: App) -> None:
        for decide, name in (("approve", "code"), ("refuse", "error")):
            begun = await realm.begin(app, await app.push(response_mode="jwt"))
            told = answered(await getattr(begun, decide)())
            assert told.keys() == {"response"}
            claims = await realm.read(told["response"])
            assert name in claims
            assert (claims["iss"], claims["aud"]) == (realm.issuer.url, str(app.id))
            assert claims["state"] == "state-1"
            now = realm.clock.now().timestamp()
            assert 0 < claims["exp"] - now <= 600

    async def test_the_pages_know_what_is_asked(self, realm: Realm, app: App) -> None:
        uri = await app.push(
            authorization_details='[{"type":"payment","amount":"1.00"}]',
            prompt="login",
            max_age="60",
            login_hint="ada",
            ui_locales="de en",
        )
        begun = await realm.begin(app, uri)
        found = await realm.interactions.find(realm.issuer.tenant_id, begun.id, begun.browser)
        assert (found.client_name, found.redirect_host) == ("Budget", "client.test")
        assert found.redirect_source == "https://client.test"
        assert found.begun_at == realm.clock.now()
        assert found.scopes == ("openid", "accounts")
        assert found.details == ({"type": "payment", "amount": "1.00"},)
        assert (found.acr, found.max_age_s) == (Acr.PASSWORD, 60)
        assert found.prompts == {"login"}
        assert (found.login_hint, found.locales) == ("ada", ("de", "en"))

    async def test_a_decision_is_one_browsers(self, realm: Realm, app: App) -> None:
        begun = await realm.begin(app, await app.push())
        tenant_id = realm.issuer.tenant_id
        other = await realm.begin(app, await app.push())
        for browser in ("", "x", other.browser):
            with pytest.raises(InteractionOver):
                await realm.interactions.find(tenant_id, begun.id, browser)
            with pytest.raises(InteractionOver):
                await realm.interactions.approve(tenant_id, begun.id, browser, realm.login())
            with pytest.raises(InteractionOver):
                await realm.interactions.refuse(tenant_id, begun.id, browser)
        await begun.approve()

    async def test_a_browser_may_have_several_windows(self, realm: Realm, app: App) -> None:
        first = await realm.begin(app, await app.push())
        second = await realm.begin(app, await app.push(), first.browser)
        assert second.browser == first.browser
        await second.approve()
        await first.approve()

    async def test_a_cookie_that_is_none_of_ours_is_replaced(self, realm: Realm, app: App) -> None:
        begun = await realm.begin(app, await app.push(), "planted")
        assert begun.browser != "planted"

    async def test_users_have_a_quarter_of_an_hour(self, realm: Realm, app: App) -> None:
        begun, late = [await realm.begin(app, await app.push()) for _ in range(2)]
        realm.clock.advance(seconds=15 * 60 - 1)
        await begun.approve()
        realm.clock.advance(seconds=1)
        with pytest.raises(InteractionOver):
            await late.approve()

    @pytest.mark.parametrize(
        "others",
        [
            {"acr_values": "urn:bezant:acr:sca"},
            {"claims": '{"id_token":{"acr":{"essential":true,"value":"urn:bezant:acr:sca"}}}'},
            {"claims": '{"id_token":{"acr":{"values":["urn:openbanking:psd2:sca"]}}}'},
        ],
    )
    async def test_a_login_must_be_strong_enough(
        self, realm: Realm, app: App, others: dict[str, str]
    ) -> None:
        begun = await realm.begin(app, await app.push(**others))
        with pytest.raises(LoginTooWeak):
            await begun.approve(realm.login(Acr.PASSWORD))
        await begun.approve(realm.login(Acr.SCA))

    async def test_open_banking_needs_strong_authentication(self, realm: Realm) -> None:
        app = await realm.register(Profile.FAPI1_ADVANCED, mtls=True)
        begun = await realm.begin(app, await app.push(app.signed()))
        with pytest.raises(LoginTooWeak):
            await begun.approve(realm.login(Acr.PASSWORD))
        await begun.approve()

    @pytest.mark.parametrize("others", [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "5"}])
    async def test_a_login_must_be_new_enough(
        self, realm: Realm, app: App, others: dict[str, str]
    ) -> None:
        former = realm.login()
        realm.clock.advance(seconds=6)
        begun = await realm.begin(app, await app.push(**others))
        with pytest.raises(LoginTooWeak):
            await begun.approve(former)
        await begun.approve()

    async def test_fifty_approvals_at_once_give_one_code(self, realm: Realm, app: App) -> None:
        uri = await app.push()
        begun = [await realm.begin(app, uri) for _ in range(5)]
        urls = []

        async def approve(at: int) -> None:
            with suppress(InteractionOver, Unavailable):
                urls.append(await begun[at % len(begun)].approve())

        await asyncio.gather(*map(approve, range(AT_ONCE)))
        assert len(urls) == 1
        assert (await app.redeem(answered(urls[0])["code"])).status_code == 200


class TestCodes:
    """What a code is good for."""

    async def test_a_code_is_good_for_a_minute(self, realm: Realm, app: App) -> None:
        code, late = await app.code(), await app.code()
        realm.clock.advance(seconds=59)
        assert (await app.redeem(code)).status_code == 200
        realm.clock.advance(seconds=3)
        answer = await app.redeem(late)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")

    async def test_a_code_is_good_for_its_client_only(self, realm: Realm, app: App) -> None:
        other = await realm.register()
        code = await app.code()
        assert (await other.redeem(code)).json()["error"] == "invalid_grant"
        assert (await app.redeem(code)).status_code == 200

    @pytest.mark.parametrize(
        "others",
        [
            {"code_verifier": "w" * 43},
            {"redirect_uri": f"{REDIRECT}?region=eu"},
            {"redirect_uri": ""},
            {"code": "another"},
        ],
    )
    async def test_a_code_needs_all_that_it_is_bound_to(
        self, app: App, others: dict[str, str]
    ) -> None:
        code = await app.code()
        answer = await app.redeem(code, **others)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        assert (await app.redeem(code)).status_code == 200

    async def test_a_code_needs_a_verifier(self, app: App) -> None:
        answer = await app.redeem(await app.code(), code_verifier="")
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    async def test_a_code_is_bound_to_the_certificate_that_asked_for_it(self, realm: Realm) -> None:
        app = await realm.register(mtls=True)
        code = await app.code()
        thief = App(realm, app.id, app.key, b"another certificate")
        assert (await thief.redeem(code)).json()["error"] == "invalid_grant"
        assert (await app.redeem(code)).status_code == 200

    async def test_reuse_of_a_code_ends_what_came_of_it(self, realm: Realm, app: App) -> None:
        code = await app.code()
        given = (await app.redeem(code)).json()
        other = await realm.register()
        assert (await other.redeem(code)).json()["error"] == "invalid_grant"
        grant_id = UUID(given["grant_id"])
        assert (await realm.grants.find(realm.issuer.tenant_id, grant_id)).revoked_at is None
        realm.clock.advance(seconds=3_600)
        assert (await app.redeem(code)).json()["error"] == "invalid_grant"
        grant = await realm.grants.find(realm.issuer.tenant_id, grant_id)
        assert grant.revoked_at == realm.clock.now()

    async def test_fifty_redemptions_of_one_code_succeed_once(self, realm: Realm, app: App) -> None:
        code = await app.code()
        answers = await asyncio.gather(*(app.redeem(code) for _ in range(AT_ONCE)))
        outcomes = Counter(answer.status_code for answer in answers)
        assert outcomes[200] == 1
        assert outcomes[200] + outcomes[400] + outcomes[503] == AT_ONCE
        (grant,) = await realm.grants.page(realm.issuer.tenant_id, client_id=app.id, limit=9)
        assert grant.revoked_at is not None
