"""Clients that send their users to be logged out (OpenID Connect RP-Initiated Logout 1.0)."""

import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from authorizing import sign
from bezant.identity.discovery import Discovery
from bezant.identity.issuers import Issuer
from bezant.identity.openid import IdTokenHints
from bezant.identity.sessions.browsing import IDLE
from bezant.identity.sessions.errors import SessionEnded
from bezant.kernel.calls import RefusedAnswer
from fixtures_logout import GONE, Lobby
from fixtures_vault import add_tenant


async def is_in(lobby: Lobby, browser: httpx.AsyncClient) -> bool:
    try:
        await lobby.session(browser)
    except (SessionEnded, KeyError):
        return False
    return True


async def leave(browser: httpx.AsyncClient, **given: str) -> httpx.Response:
    return await browser.get("logout", params=given)


def hidden(page: httpx.Response) -> dict[str, str]:
    """What a page's form carries along."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
    return {name: unescape(value) for name, value in fields}


async def test_a_client_that_was_told_of_the_login_ends_it_without_a_question(lobby: Lobby) -> None:
    app, other, who = await lobby.client(), await lobby.client(), await lobby.somebody()
    browser = await lobby.browser(who)
    hint = await lobby.log_into(app, browser)
    await lobby.log_into(other, browser)
    given = {"id_token_hint": hint, "post_logout_redirect_uri": GONE, "state": "a state & more"}
    gone = await leave(browser, **given)
    assert gone.status_code == 303
    assert gone.headers["location"] == f"{GONE}?state=a+state+%26+more"
    assert "__Host-bezant=; " in gone.headers["set-cookie"]
    assert "Max-Age=0" in gone.headers["set-cookie"]
    assert not await is_in(lobby, browser)
    assert len(await lobby.deliver()) == 2
    # Once more: nobody is logged in, and the client gets its user back.
    again = await leave(browser, **given | {"post_logout_redirect_uri": f"{GONE}?shop=1"})
    assert again.headers["location"] == f"{GONE}?shop=1&state=a+state+%26+more"
    assert len(await lobby.deliver()) == 2


async def test_logouts_are_announced(lobby: Lobby) -> None:
    issuer = lobby.realm.issuer
    metadata = Discovery(lobby.realm.keys, [], [lobby.part]).metadata(issuer)
    assert metadata["end_session_endpoint"] == f"{issuer.url}/logout"
    assert metadata["backchannel_logout_supported"] is True
    assert metadata["backchannel_logout_session_supported"] is True
    # Pages never ask for a certificate.
    assert "end_session_endpoint" not in metadata["mtls_endpoint_aliases"]
    without = Discovery(lobby.realm.keys, [], []).metadata(issuer)
    assert "end_session_endpoint" not in without


async def test_an_expired_id_token_is_as_good(lobby: Lobby) -> None:
    app, who = await lobby.client(), await lobby.somebody()
    browser = await lobby.browser(who)
    hint = await lobby.log_into(app, browser)
    for _ in range(3):
        lobby.realm.clock.advance(seconds=240)
        assert await is_in(lobby, browser)
        await lobby.town.sessions.close()
    claims = await lobby.realm.read(hint)
    assert claims["exp"] < lobby.realm.clock.now().timestamp()
    gone = await leave(browser, id_token_hint=hint, client_id=str(app.id))
    assert gone.headers["location"] == f"{lobby.realm.issuer.url}/logout/done"
    assert not await is_in(lobby, browser)
    assert "You are logged out" in (await browser.get(gone.headers["location"])).text


async def test_a_session_that_was_idle_too_long_ends_for_its_clients_in_its_own_browser_only(
    lobby: Lobby,
) -> None:
    app, who = await lobby.client(), await lobby.somebody()
    browser, elsewhere = await lobby.browser(who), await lobby.browser()
    hint = await lobby.log_into(app, browser)
    lobby.realm.clock.advance(seconds=int(IDLE.total_seconds()))
    await elsewhere.get("login")
    await leave(elsewhere, id_token_hint=hint)
    assert await lobby.deliver() == []
    await leave(browser, id_token_hint=hint)
    assert len(await lobby.deliver()) == 1


async def test_the_token_of_a_former_session_does_not_end_the_present_one_unasked(
    lobby: Lobby,
) -> None:
    app, who = await lobby.client(), await lobby.somebody()
    browser = await lobby.browser(who)
    hint = await lobby.log_into(app, browser)
    lobby.realm.clock.advance(seconds=int(IDLE.total_seconds()))
    await lobby.log_in(browser, who)
    asked = await leave(browser, id_token_hint=hint, post_logout_redirect_uri=GONE, state="s")
    assert "Log out?" in asked.text
    assert who.email in asked.text
    assert await is_in(lobby, browser)
    form = hidden(asked) | {"decision": "leave"}
    assert "id_token_hint" not in form
    gone = await browser.post("logout/confirm", data=form)
    assert gone.headers["location"] == f"{GONE}?state=s"
    assert not await is_in(lobby, browser)


async def _forged(lobby: Lobby, hint: str) -> Mapping[str, str]:
    claims = await lobby.realm.read(hint)
    stranger = Issuer(await add_tenant(lobby.database), lobby.realm.issuer.origin)
    foreign = await lobby.realm.keys.sign(stranger.tenant_id, claims, typ="JWT")
    head, body, _ = hint.split(".")
    return {
        "tampered": f"{head}.{body[:-2]}AA.{hint.split('.')[2]}",
        "another key's": sign(ECKey.generate_key("P-256"), claims),
        "another tenant's": foreign,
        "of another kind": await lobby.realm.keys.sign(
            lobby.realm.issuer.tenant_id, claims, typ="logout+jwt"
        ),
        "another issuer's": await lobby.realm.keys.sign(
            lobby.realm.issuer.tenant_id, claims | {"iss": stranger.url}, typ="JWT"
        ),
        "nonsense": "nonsense",
        "of nobody": await lobby.realm.keys.sign(
            lobby.realm.issuer.tenant_id, {**claims, "sub": "somebody"}, typ="JWT"
        ),
    }


async def test_a_token_that_the_issuer_did_not_give_logs_nobody_out_and_leads_nowhere(
    lobby: Lobby,
) -> None:
    app, who = await lobby.client(), await lobby.somebody()
    browser = await lobby.browser(who)
    hint = await lobby.log_into(app, browser)
    assert jws.extract_compact(hint.encode()).headers()["typ"] == "JWT"
    for kind, forged in (await _forged(lobby, hint)).items():
        asked = await leave(browser, id_token_hint=forged, post_logout_redirect_uri=GONE)
        assert asked.status_code == 200, kind
        assert "Log out?" in asked.text, kind
        assert "client.test" not in asked.headers["content-security-policy"], kind
        assert await is_in(lobby, browser), kind
    form = hidden(asked) | {"decision": "leave"}
    gone = await browser.post("logout/confirm", data=form)
    assert gone.headers["location"].startswith(f"{lobby.realm.issuer.url}/logout/done")


async def test_a_request_that_contradicts_what_is_registered_is_refused_and_nobody_leaves(
    lobby: Lobby,
) -> None:
    app, other, who = await lobby.client(), await lobby.client(), await lobby.somebody()
    closed = await lobby.client()
    await lobby.realm.clients.disable(lobby.town.call(), closed.id)
    browser = await lobby.browser(who)
    hint = await lobby.log_into(app, browser)
    wrong: list[dict[str, str]] = [
        {"client_id": str(other.id), "id_token_hint": hint},
        {"client_id": str(uuid4())},
        {"client_id": "nonsense"},
        {"client_id": str(closed.id)},
        *(
            {"id_token_hint": hint, "post_logout_redirect_uri": uri}
            for uri in (
                f"{GONE}/",
                f"{GONE}?shop=2",
                f"{GONE}?",
                GONE.upper(),
                "https://client.test@evil.test/gone",
                "https://client.test/cb",
                "https://evil.test/gone",
                "javascript:alert(1)",
            )
        ),
        {"client_id": str(app.id), "post_logout_redirect_uri": f"{GONE}#there"},
        {"client_id": str(app.id), "state": "s" * 8_193},
    ]
    for given in wrong:
        refused = await leave(browser, **given)
        assert refused.status_code == 400, given
        assert "location" not in refused.headers
        assert await is_in(lobby, browser), given
    # The control: the same with what is registered.
    assert (await leave(browser, id_token_hint=hint, post_logout_redirect_uri=GONE)).is_redirect


async def test_without_a_token_the_user_is_asked_and_nobody_else_can_answer(lobby: Lobby) -> None:
    app, who = await lobby.client(), await lobby.somebody()
    browser = await lobby.browser(who)
    await lobby.log_into(app, browser)
    given = {"client_id": str(app.id), "post_logout_redirect_uri": GONE, "ui_locales": "xx de"}
    asked = await leave(browser, **given)
    assert '<html lang="de">' in asked.text
    assert "Abmelden?" in asked.text
    assert "Budget" in asked.text
    policy = asked.headers["content-security-policy"]
    assert "form-action 'self' https://client.test;" in policy
    assert "default-src 'none'" in policy
    assert await is_in(lobby, browser)
    form = hidden(asked)
    forged = {**form, "csrf": "forged", "decision": "leave"}
    assert (await browser.post("logout/confirm", data=forged)).status_code == 403
    foreign = await browser.post(
        "logout/confirm",
        data=form | {"decision": "leave"},
        headers={"Origin": "https://evil.test"},
    )
    assert foreign.status_code == 403
    stay = await browser.post("logout/confirm", data=form | {"decision": "stay"})
    assert stay.headers["location"] == f"{lobby.realm.issuer.url}/account"
    assert await is_in(lobby, browser)
    bent = form | {"decision": "leave", "post_logout_redirect_uri": "https://evil.test"}
    assert (await browser.post("logout/confirm", data=bent)).status_code == 400
    assert await is_in(lobby, browser)
    gone = await browser.post("logout/confirm", data=form | {"decision": "leave"})
    assert gone.headers["location"] == GONE
    assert not await is_in(lobby, browser)
    assert len(await lobby.deliver()) == 1
    # The form is over with the session.
    again = await browser.post("logout/confirm", data=form | {"decision": "leave"})
    assert again.status_code == 403


async def test_a_form_of_a_clients_comes_by_way_of_a_link(lobby: Lobby) -> None:
    """Cookies are `SameSite=Lax`: they do not come with a form of another site."""
    app, who = await lobby.client(), await lobby.somebody()
    browser = await lobby.browser(who)
    hint = await lobby.log_into(app, browser)
    form = {"id_token_hint": hint, "post_logout_redirect_uri": GONE, "state": "s", "more": "x"}
    headers = {"Origin": "https://client.test"}
    going = await browser.post("logout", data=form, headers=headers)
    assert going.status_code == 303
    url = urlsplit(going.headers["location"])
    assert url.path == f"/id/{lobby.tenant_id}/logout"
    assert parse_qs(url.query).keys() == {"id_token_hint", "post_logout_redirect_uri", "state"}
    assert await is_in(lobby, browser)
    gone = await browser.get(going.headers["location"])
    assert gone.headers["location"] == f"{GONE}?state=s"


async def test_who_is_logged_in_nowhere_is_sent_nowhere_without_a_token(lobby: Lobby) -> None:
    app = await lobby.client()
    browser = await lobby.browser()
    page = await leave(browser, client_id=str(app.id), post_logout_redirect_uri=GONE, state="s")
    assert page.status_code == 200
    assert "You are logged out" in page.text
    assert f'href="{GONE}?state=s"' in page.text
    bare = await leave(browser)
    assert bare.status_code == 200
    assert 'href="https://client.test' not in bare.text


async def test_a_hint_tells_of_a_user_only_to_its_own_client(lobby: Lobby) -> None:
    app, other, who = await lobby.client(), await lobby.client(), await lobby.somebody()
    hint = await lobby.log_into(app, await lobby.browser(who))
    found = await IdTokenHints(lobby.realm.keys).read(lobby.realm.issuer, hint)
    assert found is not None
    assert (found.client_id, found.user_id) == (app.id, who.id)
    refused = await other.refused(other.asked | {"id_token_hint": hint})
    assert refused == "invalid_request"
    await app.push(id_token_hint=hint)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"post_logout_redirect_uris": ["https://client.test/*#x"]}, "INVALID_REDIRECT_URI"),
        ({"post_logout_redirect_uris": ["http://client.test/"]}, "INVALID_REDIRECT_URI"),
        ({"backchannel_logout_uri": "http://client.test/"}, "INVALID_CLIENT_METADATA"),
        ({"backchannel_logout_uri": "https://10.0.0.1/"}, "INVALID_CLIENT_METADATA"),
        ({"backchannel_logout_uri": "https://u@client.test/"}, "INVALID_CLIENT_METADATA"),
        (
            {"backchannel_logout_uri": None, "backchannel_logout_session_required": True},
            "INVALID_CLIENT_METADATA",
        ),
    ],
)
async def test_addresses_that_nobody_may_be_sent_to_are_not_registered(
    lobby: Lobby, members: dict[str, object], code: str
) -> None:
    with pytest.raises(RefusedAnswer) as refused:
        await lobby.client(**members)
    assert refused.value.code == code
    await lobby.client(backchannel_logout_session_required=True)
