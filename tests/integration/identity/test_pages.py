"""What every page keeps, whoever asks: headers, forms that are ours, and no way elsewhere."""

import re
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from hatchling.build import build_wheel

from bezant.identity.authorization.interactions import COOKIE
from bezant.identity.logins import Acr
from bezant.identity.pages.assets import Assets
from bezant.identity.pages.visits import DEVICE_COOKIE, SESSION_COOKIE
from fixtures_pages import Branch
from fixtures_users import PASSWORD, Somebody
from page_forms import csrf
from waiting_requests import BROWSER, CLIENT

OPEN = (
    "login",
    "login/forgotten",
    "link/of-no-use",
    "interactions/not-an-id",
    "device/allowed",
    "device/refused",
)
INSIDE = (
    "account",
    "account/password",
    "account/totp",
    "account/passkey",
    "account/recovery-codes",
    "account/sessions",
    "device",
    "device?user_code=BCDF-GHJK",
)
ELSEWHERE = ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)")


@pytest.fixture
async def visitor(branch: Branch) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a screen."""
    transport = httpx.ASGITransport(app=branch.app)
    async with httpx.AsyncClient(transport=transport, base_url=f"{branch.issuer.url}/") as client:
        client.cookies.set(COOKIE, BROWSER, domain="localhost.local")
        yield client


async def log_in(visitor: httpx.AsyncClient, who: Somebody, **more: str) -> httpx.Response:
    page = await visitor.get("login")
    form = {"csrf": csrf(page), "name": who.email, "password": PASSWORD, **more}
    return await visitor.post("login", data=form)


def require_page_headers(page: httpx.Response, form_source: str = "") -> None:
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"form-action 'self'{form_source}; frame-ancestors 'none'; base-uri 'none'"
    )
    assert page.headers["content-security-policy"] == policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["content-type"] == "text/html; charset=utf-8"


async def test_no_page_is_framed_kept_or_runs_what_is_not_ours(
    branch: Branch, visitor: httpx.AsyncClient
) -> None:
    for path in OPEN:
        require_page_headers(await visitor.get(path))
    waiting = branch.requests.begin(branch.tenant_id)
    require_page_headers(await visitor.get("login", params={"to": str(waiting.id)}), f" {CLIENT}")
    await log_in(visitor, await branch.somebody())
    for path in INSIDE:
        page = await visitor.get(path)
        assert page.status_code == 200, path
        require_page_headers(page)
    require_page_headers(await visitor.get(f"interactions/{waiting.id}"), f" {CLIENT}")


async def test_no_page_holds_a_script_or_a_style_of_its_own(
    branch: Branch, visitor: httpx.AsyncClient
) -> None:
    await log_in(visitor, await branch.somebody())
    for path in (*OPEN, *INSIDE):
        text = (await visitor.get(path)).text
        assert (
            re.findall(r"<script(?! src=\"/id/assets/passkeys\.[0-9a-f]{16}\.js\" defer>)", text)
            == []
        )
        assert re.findall(r"<style|\sstyle=|\son[a-z]+=", text) == []


async def test_cookies_are_this_hosts_alone_and_no_scripts(
    branch: Branch, visitor: httpx.AsyncClient
) -> None:
    asked = await visitor.get("login")
    entered = await log_in(visitor, await branch.somebody())
    for answer, name in ((asked, DEVICE_COOKIE), (entered, SESSION_COOKIE)):
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"{name}=")
        assert "; Path=/; Secure; HttpOnly; SameSite=Lax" in cookie
        assert "Domain" not in cookie


async def test_a_form_that_is_none_of_ours_does_nothing(
    branch: Branch, visitor: httpx.AsyncClient
) -> None:
    who = await branch.somebody()
    stale = csrf(await visitor.get("login"))
    await log_in(visitor, who)
    right = csrf(await visitor.get("account"))
    other = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=branch.app), base_url=f"{branch.issuer.url}/"
    )
    async with other:
        stolen = csrf(await other.get("login"))
    for token in ("", "x", stale, stolen, right[:-1], right + "A", "é"):
        page = await visitor.post("account/leave", data={"csrf": token})
        assert page.status_code == 403
        require_page_headers(page)
    for origin in ("https://evil.example", "null", branch.issuer.origin + ".evil.example"):
        page = await visitor.post("account/leave", data={"csrf": right}, headers={"origin": origin})
        assert page.status_code == 403
    assert (await visitor.get("account")).status_code == 200
    ours = {"origin": branch.issuer.origin}
    left = await visitor.post("account/leave", data={"csrf": right}, headers=ours)
    assert left.status_code == 303
    assert (await visitor.get("account")).status_code == 303


async def test_a_form_of_a_browser_without_our_cookie_does_nothing(
    branch: Branch, visitor: httpx.AsyncClient
) -> None:
    who = await branch.somebody()
    token = csrf(await visitor.get("login"))
    form = {"csrf": token, "name": who.email, "password": PASSWORD}
    del visitor.cookies[DEVICE_COOKIE]
    assert (await visitor.post("login", data=form)).status_code == 403


async def test_no_parameter_leads_elsewhere(branch: Branch, visitor: httpx.AsyncClient) -> None:
    who = await branch.somebody()
    for elsewhere in ELSEWHERE:
        for parameter in ("to", "note", "acr", "ticket", "return", "next", "redirect_uri"):
            page = await visitor.get("login", params={parameter: elsewhere})
            assert page.status_code == 200
            assert "evil.example" not in page.text
        entered = await log_in(visitor, who, to=elsewhere)
        assert entered.headers["location"] == f"{branch.issuer.url}/account"
        account = await visitor.get("account", params={"to": elsewhere})
        assert "evil.example" not in account.text
        again = await visitor.get("login/again", params={"to": elsewhere})
        assert again.status_code == 200
        assert "evil.example" not in again.text
    # A host that lies is not believed either: addresses are the issuer's.
    lied = await visitor.get("account/leave", headers={"host": "evil.example"})
    assert "evil.example" not in lied.text


async def test_a_login_leads_back_to_the_page_that_asked_for_it(
    branch: Branch, visitor: httpx.AsyncClient
) -> None:
    who = await branch.somebody()
    asked = await visitor.get("account/sessions")
    assert asked.headers["location"] == f"{branch.issuer.url}/login?to=account%2Fsessions"
    entered = await log_in(visitor, who, to="account/sessions")
    assert entered.headers["location"] == f"{branch.issuer.url}/account/sessions"


async def test_consent_is_given_once_by_the_browser_that_was_asked(
    branch: Branch, visitor: httpx.AsyncClient
) -> None:
    waiting = branch.requests.begin(branch.tenant_id)
    path = f"interactions/{waiting.id}"
    assert (await visitor.get(path)).headers["location"].endswith(f"/login?to={waiting.id}")
    entered = await log_in(visitor, await branch.somebody(), to=str(waiting.id))
    assert entered.headers["location"] == f"{branch.issuer.url}/{path}"
    page = await visitor.get(path)
    assert "Mühle &amp; Söhne &lt;GmbH&gt;" in page.text
    form = {"csrf": csrf(page), "decision": "allow"}

    visitor.cookies.set(COOKIE, "another browser", domain="localhost.local")
    assert (await visitor.get(path)).status_code == 404
    assert (await visitor.post(path, data=form)).status_code == 404
    visitor.cookies.set(COOKIE, BROWSER, domain="localhost.local")

    allowed = await visitor.post(path, data=form)
    assert allowed.headers["location"] == f"{CLIENT}/callback?code=a-code"
    assert (await visitor.post(path, data=form)).status_code == 404
    assert branch.requests.answers[waiting.id] is not None


async def test_a_refusal_goes_back_to_the_client_with_or_without_a_login(
    branch: Branch, visitor: httpx.AsyncClient
) -> None:
    first, second = (branch.requests.begin(branch.tenant_id) for _ in range(2))
    token = csrf(await visitor.get("login", params={"to": str(first.id)}))
    form = {"csrf": token, "decision": "refuse"}
    refused = await visitor.post(f"interactions/{first.id}", data=form)
    assert refused.headers["location"] == f"{CLIENT}/callback?error=access_denied"
    await log_in(visitor, await branch.somebody())
    form["csrf"] = csrf(await visitor.get(f"interactions/{second.id}"))
    refused = await visitor.post(f"interactions/{second.id}", data=form)
    assert refused.headers["location"] == f"{CLIENT}/callback?error=access_denied"
    assert branch.requests.answers == {first.id: None, second.id: None}


async def test_nobody_allows_anything_without_a_login(
    branch: Branch, visitor: httpx.AsyncClient
) -> None:
    waiting = branch.requests.begin(branch.tenant_id)
    token = csrf(await visitor.get("login", params={"to": str(waiting.id)}))
    path = f"interactions/{waiting.id}"
    answer = await visitor.post(path, data={"csrf": token, "decision": "allow"})
    assert answer.headers["location"] == f"{branch.issuer.url}/{path}"
    assert branch.requests.answers == {}


@pytest.mark.parametrize(
    "asked",
    [{"acr": Acr.SCA}, {"prompts": frozenset({"login"})}, {"max_age_s": 0}, {"max_age_s": 60}],
)
async def test_a_login_that_is_too_weak_or_too_old_is_made_again(
    branch: Branch, visitor: httpx.AsyncClient, asked: dict[str, object]
) -> None:
    await log_in(visitor, await branch.somebody())
    branch.later(120)
    waiting = branch.requests.begin(branch.tenant_id, **asked)
    page = await visitor.get(f"interactions/{waiting.id}")
    assert page.headers["location"] == f"{branch.issuer.url}/login/again?to={waiting.id}"


async def test_another_user_can_take_over_at_the_consent(
    branch: Branch, visitor: httpx.AsyncClient
) -> None:
    await log_in(visitor, await branch.somebody())
    waiting = branch.requests.begin(branch.tenant_id)
    path = f"interactions/{waiting.id}"
    form = {"csrf": csrf(await visitor.get(path)), "decision": "switch"}
    switched = await visitor.post(path, data=form)
    assert switched.headers["location"] == f"{branch.issuer.url}/login?to={waiting.id}"
    assert "Max-Age=0" in switched.headers["set-cookie"]
    assert (await visitor.get("account")).status_code == 303


async def test_codes_are_on_one_page_once(branch: Branch, visitor: httpx.AsyncClient) -> None:
    await log_in(visitor, await branch.somebody())
    page = await visitor.get("account/recovery-codes")
    shown = await visitor.post("account/recovery-codes", data={"csrf": csrf(page)})
    codes = re.findall(r'<li class="secret">([^<]+)</li>', shown.text)
    assert len(codes) == 10
    for path in INSIDE:
        assert codes[0] not in (await visitor.get(path)).text


async def test_a_session_elsewhere_is_listed_and_ended(
    branch: Branch, visitor: httpx.AsyncClient
) -> None:
    who = await branch.somebody()
    elsewhere = await branch.log_in(who)
    await log_in(visitor, who)
    page = await visitor.get("account/sessions")
    listed = re.findall(r'name="session" value="([^"]+)"', page.text)
    assert listed == [str(elsewhere.id)]
    form = {"csrf": csrf(page), "session": listed[0]}
    assert (await visitor.post("account/sessions", data=form)).status_code == 303
    page = await visitor.get("account/sessions")
    assert 'name="session"' not in page.text
    assert (await visitor.get("account")).status_code == 200


async def test_another_tenants_pages_know_nothing_of_the_session(
    branch: Branch, visitor: httpx.AsyncClient
) -> None:
    await log_in(visitor, await branch.somebody())
    other = await branch.neighbour()
    page = await visitor.get(f"{branch.issuer.origin}/id/{other}/account")
    assert page.status_code == 303
    assert page.headers["location"].endswith(f"/id/{other}/login?to=account")


async def test_files_are_kept_for_ever_under_names_that_hold_their_digest(
    branch: Branch, visitor: httpx.AsyncClient
) -> None:
    assets = Assets()
    for name in ("pages.css", "passkeys.js", "mark.svg"):
        found = await visitor.get(branch.issuer.origin + assets.path(name))
        assert found.status_code == 200
        assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert found.headers["x-content-type-options"] == "nosniff"
        gone = assets.path(name).replace(".", ".0", 1)
        assert (await visitor.get(branch.issuer.origin + gone)).status_code == 404
    assert urlsplit(assets.path("pages.css")).path in (await visitor.get("login")).text


def test_the_wheel_has_every_file_of_the_pages(tmp_path: Path) -> None:
    wheel = zipfile.ZipFile(tmp_path / build_wheel(str(tmp_path)))
    pages = Path("src/bezant/identity/pages")
    files = [
        path
        for path in pages.rglob("*")
        if path.suffix in {".html", ".css", ".js", ".svg", ".toml"}
    ]
    assert len(files) > 20
    assert {path.relative_to("src").as_posix() for path in files} <= set(wheel.namelist())
