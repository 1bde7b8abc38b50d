"""Signing keys: verified from outside, rotated with an overlap, sealed where they lie."""

import json
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from bezant.kernel.calls import RefusedAnswer
from bezant.kernel.sealing import KeySealer
from bezant.kernel.webhooks import Dispatcher, IssuedWebhookKey, NewWebhookEndpoint
from bezant.kernel.webhooks.service import KEYS_MAX
from fixtures_webhooks import Post

if TYPE_CHECKING:
    import asyncpg


async def deliver(post: Post) -> tuple[bytes, dict[str, str]]:
    """Let something happen; the message of it."""
    post.receiver.messages.clear()
    post.tell("a")
    await post.turn()
    [message] = post.receiver.messages
    return message.body, message.headers


def verifies(secret: str | None, message: tuple[bytes, dict[str, str]]) -> bool:
    assert secret is not None
    try:
        Webhook(secret).verify(*message)
    except WebhookVerificationError:
        return False
    return True


async def test_a_message_verifies_with_the_secret_by_the_specifications_library(
    post: Post,
) -> None:
    issued = await post.issue()
    body, headers = await deliver(post)
    assert issued.secret is not None
    assert Webhook(issued.secret).verify(body, headers) == json.loads(body)


async def test_during_the_overlap_both_keys_verify_and_afterwards_the_new_one_alone(
    post: Post,
) -> None:
    issued = await post.issue()
    rotated = await post.rotate(issued.webhook_endpoint.id, overlap_s=3_600)
    message = await deliver(post)
    assert verifies(issued.secret, message)
    assert verifies(rotated.secret, message)
    assert len(message[1]["webhook-signature"].split(" ")) == 2
    # Receivers hold the timestamp against their clock, so the platform's may not run away.
    await post.database.transaction(
        lambda connection: connection.execute(
            "UPDATE webhook_key SET expires_at = expires_at - interval '1 hour'"
            " WHERE tenant_id = $1 AND expires_at IS NOT NULL",
            post.tenant_id,
        )
    )
    message = await deliver(post)
    assert not verifies(issued.secret, message)
    assert verifies(rotated.secret, message)


async def test_without_an_overlap_the_old_key_signs_no_more(post: Post) -> None:
    issued = await post.issue()
    rotated = await post.rotate(issued.webhook_endpoint.id, overlap_s=0)
    message = await deliver(post)
    assert (verifies(issued.secret, message), verifies(rotated.secret, message)) == (False, True)
    found = await post.look(issued.webhook_endpoint.id)
    assert [key.id for key in found.keys] == [rotated.webhook_endpoint.keys[-1].id]


async def test_a_key_that_ends_soon_is_not_kept_longer_by_another_rotation(post: Post) -> None:
    issued = await post.issue()
    endpoint = issued.webhook_endpoint.id
    await post.rotate(endpoint, overlap_s=60)
    await post.rotate(endpoint, overlap_s=3_600)
    ends = [key.expires_at for key in (await post.look(endpoint)).keys]
    now = post.clock.now()
    assert ends == [now + timedelta(seconds=60), now + timedelta(seconds=3_600), None]


async def test_ed25519_messages_verify_with_the_public_key_and_there_is_no_secret(
    post: Post,
) -> None:
    issued = await post.issue(signature="ed25519")
    assert issued.secret is None
    [key] = issued.webhook_endpoint.keys
    assert key.public_key is not None
    body, headers = await deliver(post)
    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1a"
    public = Ed25519PublicKey.from_public_bytes(b64decode(key.public_key.removeprefix("whpk_")))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    public.verify(b64decode(signature), signed)


async def test_a_rotation_may_change_the_kind_of_key(post: Post) -> None:
    issued = await post.issue()
    await post.rotate(issued.webhook_endpoint.id, signature="ed25519")
    body, headers = await deliver(post)
    versions = [each.partition(",")[0] for each in headers["webhook-signature"].split(" ")]
    assert versions == ["v1", "v1a"]
    assert verifies(issued.secret, (body, headers))


async def test_overlaps_are_bounded(post: Post) -> None:
    endpoint = await post.endpoint()
    for _ in range(KEYS_MAX - 1):
        await post.rotate(endpoint)
    with pytest.raises(RefusedAnswer, match="TOO_MANY_WEBHOOK_KEYS"):
        await post.rotate(endpoint)
    await post.rotate(endpoint, overlap_s=0)
    assert len((await post.look(endpoint)).keys) == 1


async def test_a_repeat_of_the_request_has_no_secret(post: Post) -> None:
    call = post.call("once")
    new = NewWebhookEndpoint(post.receiver.url)
    first = await post.endpoints.create(call, new)
    again = await post.endpoints.create(post.call("once"), new)
    assert first.value(IssuedWebhookKey).secret is not None
    assert again.is_replay
    assert again.value(IssuedWebhookKey).secret is None


async def test_no_secret_lies_readable_in_the_database_or_in_the_log(
    post: Post,
    owner: "asyncpg.Connection[asyncpg.Record]",
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    issued = await post.issue()
    rotated = await post.rotate(issued.webhook_endpoint.id)
    asymmetric = await post.endpoint(signature="ed25519")
    post.receiver.script = lambda _: b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"
    await deliver_all(post)
    rows = await owner.fetch(
        "SELECT tenant_id, endpoint_id, key_id, sealed FROM webhook_key WHERE tenant_id = $1",
        post.tenant_id,
    )
    secrets = [post.means.sealer.open(row["sealed"], _context(row)).decode() for row in rows]
    assert {issued.secret, rotated.secret} < set(secrets)
    assert asymmetric in {row["endpoint_id"] for row in rows}
    dump = await everything(owner)
    logged = caplog.text + "".join(capsys.readouterr())
    for secret in secrets:
        raw = b64decode(secret.partition("_")[2])
        for form in (secret.encode(), secret.partition("_")[2].encode(), raw, raw[:32],
                     raw.hex().encode(), raw[:32].hex().encode()):  # fmt: skip
            assert form not in dump
            assert form.decode("latin-1") not in logged
    # The look would find what is there: the public half and the address are no secrets.
    assert post.receiver.url.encode() in dump


def _context(row: "asyncpg.Record") -> bytes:
    return f"webhook_key {row['tenant_id']} {row['endpoint_id']} {row['key_id']}".encode()


async def deliver_all(post: Post) -> None:
    post.tell("a")
    await post.turn()


async def everything(owner: "asyncpg.Connection[asyncpg.Record]") -> bytes:
    """Every row of every table as the server writes it, bytes both as they are and in hex."""
    tables = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    found = []
    for table in tables:
        rows = await owner.fetch(f'SELECT * FROM "{table["relname"]}"')
        for row in rows:
            for value in row.values():
                if isinstance(value, bytes):
                    found += [value, value.hex().encode()]
                else:
                    found.append(str(value).encode())
    return b"\n".join(found)


async def test_under_another_servers_key_nothing_is_sent_and_nothing_is_lost(post: Post) -> None:
    endpoint = await post.endpoint()
    foreign = Dispatcher(replace(post.means, sealer=KeySealer(bytes(32))))
    post.tell("a")
    await foreign.turn()
    [delivery] = await post.log(endpoint)
    assert (delivery.status, delivery.error) == ("pending", "key_unreadable")
    assert post.receiver.messages == []
    await post.turn(after=timedelta(minutes=1))
    assert post.got == [(1, "a")]


async def test_a_key_moved_to_another_endpoint_does_not_sign_there(post: Post) -> None:
    one, other = await post.endpoint(), await post.endpoint()

    async def move(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        await connection.execute(
            "UPDATE webhook_key SET sealed = (SELECT sealed FROM webhook_key AS mine"
            " WHERE mine.tenant_id = $1 AND mine.endpoint_id = $2)"
            " WHERE tenant_id = $1 AND endpoint_id = $3",
            post.tenant_id,
            one,
            other,
        )

    await post.database.transaction(move)  # type: ignore[arg-type]  # the pool's stands for it
    post.tell("a")
    await post.turn()
    assert await errors(post, one) == [None]
    assert await errors(post, other) == ["key_unreadable"]


async def errors(post: Post, endpoint: UUID) -> list[str | None]:
    return [each.error for each in await post.log(endpoint)]
