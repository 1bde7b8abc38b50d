"""Fee schedules: made once, found as they were made."""

from uuid import uuid4

from fixtures_api import Tenant
from shopping import code_of


async def test_a_schedule_is_found_as_it_was_made(own: Tenant) -> None:
    agreed = {"asset": "EUR", "fixed": "100", "basis_points": 10, "minimum": "1000"}
    made = [await own.create("/v1/fee-schedules", agreed | {"maximum": "1" + "0" * 20})]
    made.append(await own.create("/v1/fee-schedules", {"asset": "USD"}))
    assert (made[0]["fixed"], made[0]["maximum"]) == ("100", "1" + "0" * 20)
    for each in made:
        found = await own.client.get(f"/v1/fee-schedules/{each['id']}")
        assert found.json() == each
    page = (await own.client.get("/v1/fee-schedules?limit=1")).json()
    assert page["fee_schedules"] == made[:1]
    rest = await own.client.get(f"/v1/fee-schedules?cursor={page['next']}")
    assert rest.json() == {"fee_schedules": made[1:], "next": None}


async def test_a_maximum_below_the_minimum_and_an_unknown_schedule_are_refused(
    own: Tenant,
) -> None:
    contradictory = {"asset": "EUR", "minimum": "2", "maximum": "1"}
    assert (await own.post("/v1/fee-schedules", contradictory)).status_code == 400
    unknown = await own.client.get(f"/v1/fee-schedules/{uuid4()}")
    assert code_of(unknown) == (404, "FEE_SCHEDULE_NOT_FOUND")
