"""Dead letters and events as operators and consumers see them."""

import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import Done, Handling, Job, Outcome
from bezant.kernel.outbox import Sequencer
from fixtures_api import NOTICE, Api, Tenant, bury, open_book
from jobbers import running


async def test_a_dead_letter_can_be_looked_at_and_replayed(api: Api, database: Database) -> None:
    handled: list[Job[dict[str, str]]] = []

    async def handle(job: Job[dict[str, str]]) -> Outcome:
        handled.append(job)
        return Done()

    async with api.tenant() as tenant:
        job_id = str(await bury(tenant))
        [dead] = (await tenant.client.get("/v1/jobs/dead")).json()["jobs"]
        assert dead["id"] == job_id
        assert (dead["kind"], dead["order_key"], dead["attempts"]) == ("test.notice", "notes", 20)
        assert (dead["payload"], dead["reason"]) == ({"to": "/notes/1"}, "gone")
        await tenant.create(f"/v1/jobs/dead/{job_id}/replay", {})
        assert (await tenant.client.get("/v1/jobs/dead")).json()["jobs"] == []
        async with running(database, Handling(NOTICE, handle)):
            while job_id not in {str(job.id) for job in handled}:
                row = await database.fetchrow("SELECT pg_sleep(0.01)")
                assert row is not None
        again = await tenant.post(f"/v1/jobs/dead/{job_id}/replay", {})
        assert (again.status_code, again.json()["code"]) == (404, "DEAD_JOB_NOT_FOUND")
    # Other tests' letters of this kind may be handled meanwhile.
    assert [job.attempt for job in handled if str(job.id) == job_id] == [1]


async def test_a_discarded_letter_is_gone(api: Api) -> None:
    async with api.tenant() as tenant:
        job_id = await bury(tenant)
        await tenant.create(f"/v1/jobs/dead/{job_id}/discard", {})
        assert (await tenant.client.get("/v1/jobs/dead")).json()["jobs"] == []
        again = await tenant.post(f"/v1/jobs/dead/{job_id}/discard", {})
        assert again.status_code == 404


async def test_dead_letters_come_in_pages(api: Api) -> None:
    async with api.tenant() as tenant:
        job_ids = [str(await bury(tenant)) for _ in range(5)]
        found, query = [], "?limit=2"
        while query:
            page = (await tenant.client.get(f"/v1/jobs/dead{query}")).json()
            found += [each["id"] for each in page["jobs"]]
            query = page["next"] and f"?limit=2&cursor={page['next']}"
    assert found == sorted(job_ids)


@pytest.fixture
async def sequencer(database: Database) -> Sequencer:
    return Sequencer(database, SystemClock(), TimeOrderedIds())


async def events(tenant: Tenant, sequencer: Sequencer, after: int = 0) -> list[tuple[str, str]]:
    """Kinds and subjects of a tenant's events."""
    await sequencer._number(tenant.id)
    page = (await tenant.client.get(f"/v1/events?after={after}")).json()
    seqs = [each["seq"] for each in page["events"]]
    assert seqs == list(range(after + 1, after + 1 + len(seqs)))
    assert page["last"] == after + len(seqs)
    return [(each["kind"], each["subject"]) for each in page["events"]]


async def test_changes_outside_books_are_told_of(api: Api, sequencer: Sequencer) -> None:
    async with api.tenant() as tenant:
        [(kind, first)] = await events(tenant, sequencer)
        assert kind == "api_key.created"
        issued = await tenant.create(f"{first}/rotate", {"overlap_s": 60})
        second = f"/v1/api-keys/{issued['api_key']['id']}"
        third_key = await tenant.create("/v1/api-keys", {"name": "x", "scopes": ["ledger:read"]})
        third = f"/v1/api-keys/{third_key['api_key']['id']}"
        for _ in range(2):  # the second changes nothing
            await tenant.create(f"{third}/revoke", {})
        book = await open_book(tenant)
        assert await events(tenant, sequencer, after=1) == [
            ("api_key.rotated", first),
            ("api_key.created", third),
            ("api_key.revoked", third),
            ("book.created", book.path),
        ]
        [rotated] = (await tenant.client.get("/v1/events?after=1&limit=1")).json()["events"]
        assert rotated["data"] == {"replaced_by": second.rpartition("/")[2]}
        assert "bz_" not in (await tenant.client.get("/v1/events")).text


async def test_a_declined_change_is_not_told_of(api: Api, sequencer: Sequencer) -> None:
    async with api.tenant() as tenant:
        refused = await tenant.post(
            "/v1/api-keys",
            {"name": "x", "scopes": ["ledger:read"], "expires_at": "2020-01-01T00:00:00Z"},
        )
        assert refused.status_code == 422
        assert [kind for kind, _ in await events(tenant, sequencer)] == ["api_key.created"]
