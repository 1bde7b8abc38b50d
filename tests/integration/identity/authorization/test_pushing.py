"""Pushed requests: what is taken, what is refused and how, and what becomes of their references."""

import json
from typing import Any

import pytest

from authorizing import REDIRECT, VERIFIER, App, Realm, s256
from bezant.identity.clients import Profile
from bezant.identity.issuers import Endpoint


@pytest.fixture
async def app(realm: Realm) -> App:
    return await realm.register()


async def test_a_request_is_pushed_and_referred_to(app: App) -> None:
    answer = await app.post(Endpoint.PUSHED_REQUEST, app.asked)
    assert answer.status_code == 201
    assert answer.json()["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert 5 < answer.json()["expires_in"] <= 90


@pytest.mark.parametrize(
    ("others", "error"),
    [
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain", "code_challenge": VERIFIER}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"state": "x" * 2_049}, "invalid_request"),
        ({"nonce": "tab\there"}, "invalid_request"),
        ({"resource": "https://elsewhere.test"}, "invalid_target"),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
        ({"authorization_details": "not json"}, "invalid_authorization_details"),
        ({"authorization_details": '[{"type":"unknown"}]'}, "invalid_authorization_details"),
        ({"authorization_details": '[{"amount":"1"}]'}, "invalid_authorization_details"),
        ({"authorization_details": '[{"type":"payment"}]'}, "invalid_authorization_details"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": '{"id_token":{"acr":{"value":7}}}'}, "invalid_request"),
        (
            {"claims": '{"id_token":{"acr":{"essential":true,"value":"urn:unknown"}}}'},
            "unmet_authentication_requirements",
        ),
        ({"dpop_jkt": "short"}, "invalid_request"),
    ],
)
async def test_what_is_not_in_order_is_refused(
    app: App, others: dict[str, str], error: str
) -> None:
    assert await app.refused(app.asked | others) == error


@pytest.mark.parametrize(
    "others",
    [
        {"state": "", "nonce": ""},
        {"state": "x" * 1_000, "nonce": "n" * 1_000},
        {"scope": "accounts openid"},
        {"response_mode": "query"},
        {"response_mode": "jwt"},
        {"resource": "https://bank.test"},
        {"authorization_details": '[{"type":"payment","amount":"1.00"}]'},
        {"acr_values": "urn:unknown urn:bezant:acr:sca"},
        {"claims": '{"userinfo":{"email":null},"id_token":{"acr":{"value":"urn:unknown"}}}'},
        {"prompt": "login consent", "max_age": "60", "login_hint": "ada", "ui_locales": "de en"},
        {"something_new": "is ignored"},
    ],
)
async def test_what_is_in_order_is_taken(app: App, others: dict[str, str]) -> None:
    await app.push(**others)


@pytest.mark.parametrize(
    "uri",
    [
        "https://client.test/cb/",
        "https://client.test/cb/../other",
        "https://client.test/cb?region=us",
        "https://client.test/CB",
        "https://client.test/*",
        "https://*.test/cb",
        "https://client.test@evil.test/cb",
        "https://evil.test/cb",
        "https://client.test.evil.test/cb",
        "https://client.test\\@evil.test/cb",
        "https://client.test/cb#fragment",
        "https://client.test/cb%2f..%2fother",
        "http://client.test/cb",
        "javascript:alert(1)",
    ],
)
async def test_a_redirect_uri_is_compared_whole(app: App, uri: str) -> None:
    assert await app.refused(app.asked | {"redirect_uri": uri}) == "invalid_request"
    await app.push(redirect_uri=f"{REDIRECT}?region=eu")


async def test_a_repeated_parameter_is_refused(app: App) -> None:
    async with app.http() as client:
        answer = await client.post(
            f"/id/{app.realm.issuer.tenant_id}/par", data={**app.asked, "state": ["one", "two"]}
        )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_only_posts_are_taken(app: App) -> None:
    async with app.http() as client:
        answer = await client.put(f"/id/{app.realm.issuer.tenant_id}/par", data=app.asked)
    assert answer.status_code == 405


async def test_whoever_is_not_the_client_pushes_nothing(realm: Realm, app: App) -> None:
    other = await realm.register()
    forged = other.asked | {"client_id": str(app.id)}
    assert await other.refused(forged) == "invalid_client"
    await other.push()


class TestDpop:
    """A key that is named or proven with the request is the only one that the code is good for."""

    async def test_a_proof_by_another_key_than_the_named_one_is_refused(self, app: App) -> None:
        url = app.realm.issuer.at(Endpoint.PUSHED_REQUEST)
        named = app.asked | {"dpop_jkt": s256("another key")}
        refused = await app.refused(named, DPoP=app.proof("POST", url))
        assert refused == "invalid_dpop_proof"
        right = app.asked | {"dpop_jkt": app.dpop.thumbprint()}
        answer = await app.post(Endpoint.PUSHED_REQUEST, right, DPoP=app.proof("POST", url))
        assert answer.status_code == 201

    async def test_a_code_is_bound_to_the_named_key(self, app: App) -> None:
        bound = await app.code(dpop_jkt=app.dpop.thumbprint())
        elsewhere = await app.code(dpop_jkt=s256("another key"))
        assert (await app.redeem(elsewhere)).json()["error"] == "invalid_grant"
        assert (await app.redeem(bound)).status_code == 200

    async def test_a_code_is_bound_to_the_proven_key(self, realm: Realm, app: App) -> None:
        url = realm.issuer.at(Endpoint.PUSHED_REQUEST)
        proof = app.proof("POST", url)
        pushed = await app.post(Endpoint.PUSHED_REQUEST, app.asked, DPoP=proof)
        begun = await realm.begin(app, pushed.json()["request_uri"])
        code = (await begun.approve()).partition("code=")[2].partition("&")[0]
        thief = App(realm, app.id, app.key)
        assert (await thief.redeem(code)).json()["error"] == "invalid_grant"
        assert (await app.redeem(code)).status_code == 200


class TestRequestObjects:
    """Signed requests, of clients whose profile asks for them."""

    @pytest.fixture
    async def app(self, realm: Realm) -> App:
        return await realm.register(Profile.FAPI2_MESSAGE_SIGNING)

    async def test_a_signed_request_is_taken(self, app: App) -> None:
        await app.push(app.signed())
        await app.push(app.signed(None, "oauth-authz-req+jwt"))
        await app.push(app.signed(aud=[app.realm.issuer.url, "https://another.test"]))

    async def test_an_unsigned_request_is_refused(self, app: App) -> None:
        assert await app.refused(app.asked | {"response_mode": "jwt"}) == "invalid_request"

    async def test_an_answer_that_would_not_be_signed_is_refused(self, app: App) -> None:
        assert await app.refused(app.signed(response_mode=None)) == "invalid_request"

    @pytest.mark.parametrize("name", ["state", "nonce", "redirect_uri", "scope"])
    async def test_parameters_are_not_mixed(self, app: App, name: str) -> None:
        signed = app.signed()
        assert await app.refused(signed | {name: app.asked[name]}) == "invalid_request"
        await app.push(signed | {"client_id": str(app.id)})

    async def test_a_signed_request_needs_its_own_redirect_uri(self, app: App) -> None:
        assert await app.refused(app.signed(redirect_uri=None)) == "invalid_request"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("iss", "https://another.test"),
            ("iss", None),
            ("sub", "the client"),
            ("client_id", "another"),
            ("client_id", None),
            ("aud", "https://bank.test"),
            ("aud", ["https://another.test"]),
            ("aud", None),
            ("exp", None),
            ("exp", "soon"),
            ("exp", True),
            ("nbf", None),
            ("nbf", "lately"),
            ("request", "another"),
            ("request_uri", "urn:ietf:params:oauth:request_uri:x"),
        ],
    )
    async def test_a_claim_that_is_wrong_is_refused(
        self, app: App, name: str, value: object
    ) -> None:
        assert await app.refused(app.signed(**{name: value})) == "invalid_request_object"

    @pytest.mark.parametrize(
        ("since_s", "until_s", "is_taken"),
        [
            (0, 300, True),
            (8, 300, True),
            (-3_599, 1, True),
            (0, 3_600, True),
            (61, 300, False),
            (0, 0, False),
            (-60, -1, False),
            (0, 3_601, False),
            (-3_601, 60, False),
        ],
    )
    async def test_a_request_is_valid_for_an_hour_at_most(
        self, app: App, since_s: int, until_s: int, *, is_taken: bool
    ) -> None:
        now = int(app.realm.clock.now().timestamp())
        signed = app.signed(nbf=now + since_s, exp=now + until_s)
        if is_taken:
            await app.push(signed)
        else:
            assert await app.refused(signed) == "invalid_request_object"

    async def test_a_request_of_the_future_is_refused(self, app: App) -> None:
        now = int(app.realm.clock.now().timestamp())
        assert await app.refused(app.signed(iat=now + 61)) == "invalid_request_object"
        await app.push(app.signed(iat=now + 8))

    async def test_another_signature_is_refused(self, realm: Realm, app: App) -> None:
        other = await realm.register(Profile.FAPI2_MESSAGE_SIGNING)
        assert await app.refused(app.signed(other.key)) == "invalid_request_object"
        signed = app.signed()["request"]
        head, body, signature = signed.split(".")
        broken = f"{head}.{body}.{signature[::-1]}"
        assert await app.refused({"request": broken}) == "invalid_request_object"
        unsigned = f"eyJhbGciOiJub25lIn0.{body}."
        assert await app.refused({"request": unsigned}) == "invalid_request_object"

    async def test_another_kind_of_token_is_no_request(self, app: App) -> None:
        assert await app.refused({"request": app.assertion()}) == "invalid_request_object"
        assert await app.refused(app.signed(None, "at+jwt")) == "invalid_request_object"

    async def test_members_of_other_types_than_text_are_read(self, realm: Realm, app: App) -> None:
        payment = {"type": "payment", "amount": "1.00"}
        signed = app.signed(
            max_age=60,
            authorization_details=[payment],
            claims={"id_token": {"acr": {"essential": True, "value": "urn:bezant:acr:sca"}}},
            resource=["https://bank.test"],
        )
        begun = await realm.begin(app, await app.push(signed))
        found = await realm.interactions.find(realm.issuer.tenant_id, begun.id, begun.browser)
        assert (found.max_age_s, found.details) == (60, (payment,))
        assert found.acr == "urn:bezant:acr:sca"

    @pytest.mark.parametrize(
        "claims",
        [
            {"max_age": 1.5},
            {"max_age": True},
            {"state": 7},
            {"scope": ["openid"]},
            {"claims": [1]},
        ],
    )
    async def test_members_of_wrong_types_are_refused(
        self, app: App, claims: dict[str, Any]
    ) -> None:
        assert await app.refused(app.signed(**claims)) == "invalid_request"


class TestFapi1:
    """UK Open Banking's clients: signed requests about an intent, bound to certificates."""

    @staticmethod
    def about(intent: object) -> dict[str, Any]:
        return {"id_token": {"openbanking_intent_id": {"value": intent, "essential": True}}}

    @pytest.fixture
    async def app(self, realm: Realm) -> App:
        return await realm.register(Profile.FAPI1_ADVANCED, mtls=True)

    async def test_an_intent_is_asked_for_and_approved(self, realm: Realm, app: App) -> None:
        code = await app.code(app.signed(claims=self.about("intent-1")))
        answer = await app.redeem(code)
        assert answer.status_code == 200, answer.text
        told = await realm.read(answer.json()["id_token"])
        assert told["openbanking_intent_id"] == "intent-1"

    @pytest.mark.parametrize(
        ("intent", "error"),
        [("intent-2", "invalid_request"), (7, "invalid_request")],
    )
    async def test_an_intent_that_is_not_the_clients_is_refused(
        self, app: App, intent: object, error: str
    ) -> None:
        assert await app.refused(app.signed(claims=self.about(intent))) == error

    async def test_an_unsigned_request_is_refused(self, app: App) -> None:
        claims = json.dumps(self.about("intent-1"))
        assert await app.refused(app.asked | {"claims": claims}) == "invalid_request"
