"""What browsers do with the pages' policies: the back button, and where forms may lead."""

import pytest
from playwright.async_api import Page

from fixtures_pages import Branch
from fixtures_users import PASSWORD
from waiting_requests import CLIENT

pytestmark = pytest.mark.long


async def _log_in(branch: Branch, page: Page) -> None:
    await page.goto(branch.url("login"))
    await page.get_by_label("E-mail address").fill("ada@example.com")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await page.get_by_role("heading", name="Ways to log in").wait_for()


async def test_the_back_button_after_logout_shows_nothing(branch: Branch, page: Page) -> None:
    await branch.somebody()
    await _log_in(branch, page)
    await page.get_by_role("link", name="Where you are logged in").click()
    await page.get_by_text("This browser").wait_for()
    # As long as somebody is logged in, it does show what there was.
    await page.go_back()
    await page.get_by_role("heading", name="Ways to log in").wait_for()
    await page.get_by_role("button", name="Log out").click()
    await page.get_by_text("You are logged out.").wait_for()
    await page.go_back()
    await page.get_by_role("heading", name="Log in").wait_for()
    assert await page.get_by_role("heading", name="Ways to log in").count() == 0


@pytest.mark.parametrize(("source", "is_let_through"), [(CLIENT, True), ("https://x.test", False)])
async def test_a_form_leads_to_the_client_that_asked_and_nowhere_else(
    branch: Branch, page: Page, source: str, *, is_let_through: bool
) -> None:
    await branch.somebody()
    await _log_in(branch, page)
    waiting = branch.requests.begin(branch.tenant_id, redirect_source=source)
    came: list[str] = []
    page.on("request", lambda request: came.append(request.url))
    await page.goto(branch.url(f"interactions/{waiting.id}"))
    answer = f"{CLIENT}/callback?code=a-code"
    # The client is nowhere: the question is whether the browser would go there.
    if is_let_through:
        async with page.expect_request(answer):
            await page.get_by_role("button", name="Allow").click()
    else:
        async with page.expect_console_message(lambda said: "form-action" in said.text):
            await page.get_by_role("button", name="Allow").click()
    assert (answer in came) is is_let_through


async def test_a_page_is_shown_in_no_frame_of_its_own_host_even(branch: Branch, page: Page) -> None:
    # Whatever this path answers has no policy of its own, and can be framed.
    nothing = f"{branch.issuer.origin}/nothing"
    await page.goto(nothing)
    for url, is_shown in ((f"{nothing}?framed", True), (branch.url("login"), False)):
        await page.evaluate(
            """(url) => new Promise((done) => {
              const frame = document.createElement("iframe");
              frame.onload = done;
              frame.src = url;
              document.body.append(frame);
            })""",
            url,
        )
        assert (page.frames[-1].url == url) is is_shown
