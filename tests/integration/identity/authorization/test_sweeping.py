"""What nobody can use any more is removed, with whatever it says about people."""

from typing import TYPE_CHECKING

import pytest

from authorizing import App, Realm
from bezant.identity.authorization import AuthorizationSweep
from bezant.kernel.database import Database

if TYPE_CHECKING:
    import asyncpg

COUNTS = """
    SELECT (SELECT count(*) FROM pushed_request WHERE tenant_id = $1),
           (SELECT count(*) FROM interaction WHERE tenant_id = $1),
           (SELECT count(*) FROM authorization_code WHERE tenant_id = $1)
"""


@pytest.fixture
async def app(realm: Realm) -> App:
    return await realm.register()


async def test_what_is_over_is_removed_and_nothing_else(
    realm: Realm, app: App, database: Database, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    tenant_id = realm.issuer.tenant_id
    sweep = AuthorizationSweep(database, realm.clock)

    async def sweep_all() -> None:
        for remove in (sweep.remove_pushed, sweep.remove_interactions, sweep.remove_codes):
            while await remove(tenant_id, 1):
                pass

    # Other tests leave what is over to a sweep, as everybody does.
    realm.clock.advance(seconds=2 * 86_400)
    await sweep_all()
    await app.code()
    await realm.begin(app, await app.push(login_hint="ada@example.com"))
    await app.push()
    await sweep_all()
    assert tuple(await owner.fetchrow(COUNTS, tenant_id) or ()) == (2, 1, 1)
    realm.clock.advance(seconds=61)
    await sweep_all()
    assert tuple(await owner.fetchrow(COUNTS, tenant_id) or ()) == (1, 1, 1)
    realm.clock.advance(seconds=15 * 60)
    await sweep_all()
    assert tuple(await owner.fetchrow(COUNTS, tenant_id) or ()) == (0, 0, 1)
    realm.clock.advance(seconds=86_400)
    await sweep_all()
    assert tuple(await owner.fetchrow(COUNTS, tenant_id) or ()) == (0, 0, 0)
