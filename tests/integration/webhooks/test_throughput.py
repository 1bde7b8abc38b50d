"""How many messages a second one process delivers to one receiver; `make campaign` measures it."""

import time

import pytest

from fixtures_webhooks import Post

MESSAGES = 5_000


@pytest.mark.campaign
async def test_a_busy_endpoint_is_served_fast(post: Post) -> None:
    await post.endpoint()
    post.tell(*(f"object-{number}" for number in range(MESSAGES)))
    started = time.perf_counter()
    while len(post.receiver.messages) < MESSAGES:
        await post.turn()
    rate = MESSAGES / (time.perf_counter() - started)
    print(f"{rate:,.0f} messages/s, the receiver in the same process")  # noqa: T201 - the figure
    assert rate > 100
