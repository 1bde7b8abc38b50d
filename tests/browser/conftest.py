"""A browser of a test's own, which began whatever request waits in it."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, Page

from bezant.identity.authorization.interactions import COOKIE
from waiting_requests import BROWSER


@pytest.fixture
async def context(chromium: Chromium) -> AsyncIterator[BrowserContext]:
    context = await chromium.new_context(locale="en-GB")
    context.set_default_timeout(15_000)
    cookie = {"name": COOKIE, "value": BROWSER, "domain": "localhost", "path": "/", "secure": True}
    await context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict by another name
    yield context
    await context.close()


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    return await context.new_page()
