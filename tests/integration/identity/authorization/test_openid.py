"""What clients learn of people: ID tokens and userinfo."""

import json
from typing import Any

import httpx
import pytest
from joserfc import jws

from authorizing import App, Realm
from bezant.identity.issuers import Endpoint
from bezant.identity.jose import Algorithm
from bezant.identity.logins import Acr, Login
from bezant.identity.openid.id_tokens import half_hash


@pytest.fixture
async def app(realm: Realm) -> App:
    return await realm.register()


async def given(realm: Realm, app: App, login: Login, **others: str) -> dict[str, Any]:
    """What the token endpoint gives for a request that a user approved."""
    begun = await realm.begin(app, await app.push(**others))
    url = await begun.approve(login)
    answer = await app.redeem(url.partition("code=")[2].partition("&")[0])
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def about(realm: Realm, app: App, login: Login, **others: str) -> dict[str, Any]:
    """What the ID token says."""
    return await realm.read((await given(realm, app, login, **others))["id_token"])


async def ask(app: App, token: str, *, scheme: str = "DPoP", method: str = "GET") -> httpx.Response:
    """Ask userinfo; once more where it wants a nonce."""
    issuer, nonce = app.realm.issuer, ""
    path = f"/id/{issuer.tenant_id}/{Endpoint.USERINFO}"
    async with app.http() as client:
        for _ in range(2):
            headers = {"Authorization": f"{scheme} {token}"}
            if app.certificate is None and scheme == "DPoP":
                headers["DPoP"] = app.proof(method, app.origin + path, token, nonce)
            answer = await client.request(method, path, headers=headers)
            nonce = answer.headers.get("dpop-nonce", "")
            if not nonce:
                break
    return answer


class TestIdTokens:
    """Told with the code's tokens."""

    async def test_an_id_token_says_who_logged_in_and_how(self, realm: Realm, app: App) -> None:
        login = realm.login()
        realm.clock.advance(seconds=7)
        tokens = await given(realm, app, login)
        told = await realm.read(tokens["id_token"])
        now = int(realm.clock.now().timestamp())
        assert told == {
            "iss": realm.issuer.url,
            "sub": str(login.user_id),
            "aud": str(app.id),
            "iat": now,
            "exp": now + 300,
            "auth_time": now - 7,
            "acr": Acr.SCA,
            "amr": ["pwd", "hwk"],
            "sid": str(login.session_id),
            "nonce": "nonce-1",
            "at_hash": half_hash(tokens["access_token"], Algorithm.ES256),
        }
        header = jws.extract_compact(tokens["id_token"].encode()).headers()
        assert (header["alg"], header["typ"]) == ("ES256", "JWT")

    async def test_without_openid_there_is_none(self, realm: Realm, app: App) -> None:
        assert "id_token" not in await given(realm, app, realm.login(), scope="accounts")

    async def test_without_a_nonce_none_is_told(self, realm: Realm, app: App) -> None:
        assert "nonce" not in await about(realm, app, realm.login(), nonce="")

    @pytest.mark.parametrize(
        ("asked", "told"),
        [
            ("urn:openbanking:psd2:sca", "urn:openbanking:psd2:sca"),
            ("urn:unknown urn:openbanking:psd2:ca", "urn:openbanking:psd2:ca"),
            ("urn:bezant:acr:password", Acr.PASSWORD),
            ("urn:unknown", Acr.SCA),
        ],
    )
    async def test_the_class_has_the_name_that_the_client_asked_for(
        self, realm: Realm, app: App, asked: str, told: str
    ) -> None:
        login = realm.login()
        assert (await about(realm, app, login, acr_values=asked))["acr"] == told
        claims = json.dumps({"id_token": {"acr": {"values": asked.split()}}})
        assert (await about(realm, app, login, claims=claims))["acr"] == told

    async def test_claims_are_told_as_far_as_the_scopes_cover_them(
        self, realm: Realm, app: App
    ) -> None:
        login, claims = realm.login(), json.dumps({"id_token": {"email": None, "name": None}})
        covered = await about(realm, app, login, claims=claims, scope="openid email")
        assert (covered["email"], "name" in covered) == (f"{login.user_id}@example.com", False)
        assert "email" not in await about(realm, app, login, claims=claims, scope="openid")
        assert "email" not in await about(realm, app, login, scope="openid email")

    def test_the_hash_is_that_of_the_specification(self) -> None:
        # OpenID Connect Core, appendix A.3.
        token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
        assert half_hash(token, Algorithm.PS256) == "77QmUPtjPfzWtF2AnpK9RQ"


class TestUserinfo:
    """Told to who has a token and proves its key."""

    async def test_it_tells_what_the_scopes_cover(self, realm: Realm, app: App) -> None:
        login = realm.login()
        for method in ("GET", "POST"):
            tokens = await given(realm, app, login, scope="openid email")
            answer = await ask(app, tokens["access_token"], method=method)
            assert answer.status_code == 200, answer.text
            email = f"{login.user_id}@example.com"
            assert answer.json() == {"sub": str(login.user_id), "email": email}

    async def test_without_more_scopes_it_tells_who(self, realm: Realm, app: App) -> None:
        login = realm.login()
        tokens = await given(realm, app, login, scope="openid")
        assert (await ask(app, tokens["access_token"])).json() == {"sub": str(login.user_id)}

    async def test_a_token_without_its_key_is_worth_nothing(self, realm: Realm, app: App) -> None:
        token = (await given(realm, app, realm.login()))["access_token"]
        thief = App(realm, app.id, app.key)
        assert (await ask(thief, token)).status_code == 401
        assert (await ask(app, token, scheme="Bearer")).status_code == 401
        assert (await ask(app, token)).status_code == 200

    async def test_a_token_without_openid_is_not_enough(self, realm: Realm, app: App) -> None:
        token = (await given(realm, app, realm.login(), scope="accounts"))["access_token"]
        answer = await ask(app, token)
        assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")

    async def test_a_certificates_token_is_good_with_it(self, realm: Realm) -> None:
        app = await realm.register(mtls=True)
        token = (await given(realm, app, realm.login()))["access_token"]
        assert (await ask(app, token, scheme="Bearer")).status_code == 200
        thief = App(realm, app.id, app.key, b"another certificate")
        assert (await ask(thief, token, scheme="Bearer")).status_code == 401
