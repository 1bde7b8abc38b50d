"""A person who is erased is a user no more, and finds in their export that they were one."""

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from bezant.identity.enrolment import UserHolding
from bezant.identity.sessions.errors import LoginRefused, SessionEnded
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.vault import Vault
from fixtures_users import ORIGIN, Town
from fixtures_vault import Strongroom
from people import erase, seal
from software_authenticator import SoftwareAuthenticator

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


async def test_whoever_is_erased_is_let_in_by_nothing(
    town: Town, vault_databases: tuple[Database, Database]
) -> None:
    key = SoftwareAuthenticator(ORIGIN)
    who, other = await town.with_passkey(key), await town.with_totp("other@example.com")
    await town.log_in(who)
    user = await town.people.users.find(town.tenant_id, who.id)
    database, _ = vault_databases
    holding = UserHolding(database, town.clock)
    [described] = await holding.describe(town.tenant_id, user.subject_id)
    assert (described["id"], described["status"]) == (str(who.id), "active")

    async def forget(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        await holding.forget(connection, town.tenant_id, [user.subject_id])

    for _ in range(2):
        await database.transaction(forget)
    with pytest.raises(SessionEnded):
        await town.people.browsing.find(town.tenant_id, who.browser, who.cookie)
    with pytest.raises(LoginRefused):
        await town.first_step(who)
    with pytest.raises(LoginRefused):
        await town.prove_passkey(who)
    assert (
        await town.means.database.fetch(
            "SELECT method FROM (SELECT 'passkey' AS method FROM identity_passkey"
            " WHERE tenant_id = $1 AND user_id = $2 UNION ALL SELECT 'password'"
            " FROM identity_password WHERE tenant_id = $1 AND user_id = $2) AS factors",
            town.tenant_id,
            who.id,
        )
        == []
    )
    await town.log_in(other)


async def test_the_vault_erases_what_others_hold_of_a_person(
    strongroom: Strongroom, erasures: Path, database: Database
) -> None:
    await strongroom.vault.close()
    strongroom.vault = await Vault.open(
        strongroom.database,
        strongroom.keys,
        strongroom.key_store,
        strongroom.clock,
        TimeOrderedIds(),
        erasures,
        holdings=[UserHolding(strongroom.database, strongroom.clock)],
    )
    person = await seal(strongroom)
    name_ref, email_ref = person.references.values()
    user_id = TimeOrderedIds().new()

    async def insert(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        await connection.execute(
            "INSERT INTO identity_user (tenant_id, user_id, subject_id, status, roles, name_ref,"
            " email_ref, row_version, created_at, changed_at)"
            " VALUES ($1, $2, $3, 'active', '{}', $4, $5, 1, $6, $6)",
            strongroom.tenant_id,
            user_id,
            person.id,
            name_ref,
            email_ref,
            strongroom.clock.now(),
        )

    async def status(user: UUID) -> str:
        row = await database.fetchrow(
            "SELECT status FROM identity_user WHERE tenant_id = $1 AND user_id = $2",
            strongroom.tenant_id,
            user,
        )
        assert row is not None
        return str(row["status"])

    await database.transaction(insert)
    assert await status(user_id) == "active"
    answer = await erase(strongroom, person)
    assert not answer.is_refusal
    assert await status(user_id) == "disabled"


async def test_what_a_user_holds_is_kept_by_the_sweep_and_what_nobody_holds_is_not(
    town: Town,
) -> None:
    who = await town.with_totp("held@example.com")
    [row] = await town.means.database.fetch(
        "SELECT email_ref, name_ref FROM identity_user WHERE tenant_id = $1 AND user_id = $2",
        town.tenant_id,
        who.id,
    )
    owner, stranger = town.people.users.owner(), uuid4()
    held = await owner.find_held(town.tenant_id, [*row.values(), stranger])
    assert set(held) == set(row.values())
