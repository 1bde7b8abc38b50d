"""Forms of pages, for who has no screen."""

import re

import httpx


def csrf(page: httpx.Response) -> str:
    """The token of a page's forms."""
    match = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert match is not None, page.text
    return match[1]
