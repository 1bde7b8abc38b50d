"""A tenant's token endpoint without its HTTP: grants, codes, and whoever redeems them."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import msgspec

from bezant.identity.clients import Authentication, Binding, Client, Profile
from bezant.identity.confirmation import Confirmation
from bezant.identity.grants import Grant, GrantService, NewGrant
from bezant.identity.http import Form
from bezant.identity.issuers import Issuer
from bezant.identity.logins import Acr, Login
from bezant.identity.signing import SigningKeys
from bezant.identity.tokens import PresentedCode, Redeemed, Spent
from bezant.identity.tokens.access import AccessTokens
from bezant.identity.tokens.domain import digest
from bezant.identity.tokens.giving import Asked, Given, Givers
from bezant.identity.tokens.refreshing import RefreshTokens
from bezant.identity.tokens.standing import TokenStandings
from bezant.kernel.clock import Clock, ManualClock, SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.sealed import Sealer
from fixtures_api import Tenant

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

ORIGIN = "https://bezant.test"
NOW = datetime.now(UTC).replace(microsecond=0)
KEY = Confirmation(jkt="A" * 43)
OTHER_KEY = Confirmation(jkt="B" * 43)
CERTIFICATE = Confirmation(x5t_s256="C" * 43)
GRANTED = frozenset({"openid", "accounts", "payments"})
PAYMENT = {"type": "payment", "amount": "12.50"}
REFUND = {"type": "refund", "amount": "1.00"}

CODES = """
    CREATE TABLE IF NOT EXISTS test_code (
        tenant_id uuid NOT NULL,
        code_hash bytea NOT NULL,
        client_id uuid NOT NULL,
        grant_id uuid NOT NULL,
        spent_at timestamptz,
        PRIMARY KEY (tenant_id, code_hash)
    );
    GRANT SELECT, INSERT, UPDATE ON test_code TO bezant_app
"""


class DurableCodes:
    """Codes that are good for their client, once, whatever else it presents."""

    async def redeem(
        self, connection: "Connection", presented: PresentedCode, at: datetime
    ) -> Redeemed | Spent | None:
        row = await connection.fetchrow(
            "SELECT client_id, grant_id, spent_at FROM test_code"
            " WHERE tenant_id = $1 AND code_hash = $2",
            presented.client.tenant_id,
            digest(presented.code),
        )
        if row is None or row["client_id"] != presented.client.id:
            return None
        if row["spent_at"] is not None:
            return Spent(row["grant_id"])
        await connection.execute(
            "UPDATE test_code SET spent_at = $3"
            " WHERE tenant_id = $1 AND code_hash = $2 AND spent_at IS NULL",
            presented.client.tenant_id,
            digest(presented.code),
            at,
        )
        return Redeemed(row["grant_id"], "nonce")


def client_of(tenant_id: UUID, *, is_public: bool = False, **members: object) -> Client:
    """A registered client that may ask for everything."""
    client = Client(
        id=uuid4(),
        tenant_id=tenant_id,
        name="Test",
        profile=Profile.FAPI2,
        authentication=Authentication.NONE if is_public else Authentication.PRIVATE_KEY_JWT,
        binding=Binding.DPOP,
        grant_types=frozenset({"authorization_code", "refresh_token", "client_credentials"}),
        scopes=GRANTED | {"offline_access", "introspection"},
        created_at=NOW,
    )
    return msgspec.structs.replace(client, **members)


def signing_keys(database: Database, sealer: Sealer) -> SigningKeys:
    """Every tenant's, as a process opens them."""
    return SigningKeys(database, SystemClock(), TimeOrderedIds(), sealer)


@dataclass
class TokenDesk:
    """What one process of a tenant gives tokens with."""

    database: Database
    tenant_id: UUID
    keys: SigningKeys
    clock: Clock = field(default_factory=lambda: ManualClock(NOW))
    since_boot_s: float = 1_000.0

    def __post_init__(self) -> None:
        self.issuer = Issuer(self.tenant_id, ORIGIN, "https://mtls.bezant.test")
        self.grants = GrantService(self.database, self.clock, TimeOrderedIds())
        self.standings = TokenStandings(self.database, self.clock, lambda: self.since_boot_s)
        self.access = AccessTokens(self.keys, self.standings, self.clock)
        self.givers = Givers(
            self.database,
            self.clock,
            self.grants,
            self.access,
            RefreshTokens(),
            self.standings,
            DurableCodes(),
        )

    def other_process(self) -> "TokenDesk":
        """Another process of the same deployment: nothing in common but keys and database."""
        return replace(self)

    def advance(self, seconds: float) -> None:
        """Let time go by, which is in our hands."""
        assert isinstance(self.clock, ManualClock)
        self.clock.advance(seconds=int(seconds))

    async def grant(self, client: Client, *, until: timedelta | None = None) -> Grant:
        """What a user gave to a client just now."""
        now = self.clock.now()
        await register(self.database, client)
        new = NewGrant(
            client_id=client.id,
            login=Login(uuid4(), uuid4(), now, Acr.SCA, ("pwd", "hwk")),
            scopes=GRANTED,
            details=(PAYMENT, REFUND),
            until=None if until is None else now + until,
        )
        return await self.database.transaction(
            lambda connection: self.grants.make(connection, self.tenant_id, new, now)
        )

    async def code(self, grant: Grant) -> str:
        """A code for a grant."""
        code = uuid4().hex

        async def work(connection: "Connection") -> None:
            await connection.execute(
                "INSERT INTO test_code VALUES ($1, $2, $3, $4)",
                self.tenant_id,
                digest(code),
                grant.client_id,
                grant.id,
            )

        await self.database.transaction(work)
        return code

    def asked(self, client: Client, key: Confirmation = KEY, **form: str) -> Asked:
        """A token request."""
        values = {name: tuple(value.split("|")) for name, value in form.items()}
        return Asked(self.issuer, client, key, Form(values))

    async def redeem(self, client: Client, code: str) -> Given:
        """Redeem a code."""
        return await self.givers.code(self.asked(client, code=code, code_verifier="v" * 43))

    async def refresh(
        self, client: Client, token: str, key: Confirmation = KEY, **form: str
    ) -> Given:
        """Use a refresh token."""
        return await self.givers.refreshed(self.asked(client, key, refresh_token=token, **form))

    async def begun(self, client: Client) -> Given:
        """The tokens of a new grant, by a code."""
        given = await self.redeem(client, await self.code(await self.grant(client)))
        assert given.refresh_token is not None
        return given

    async def holds(self, given: Given) -> bool:
        """Whether an access token holds, as far as this process knows."""
        return await self.standings.holds(self.tenant_id, given.claims.jti)


async def register(database: Database, client: Client) -> None:
    """Have a client in the database, as whoever asks whether a token holds looks for it."""

    async def work(connection: "Connection") -> None:
        await connection.execute(
            "INSERT INTO oauth_client (tenant_id, client_id, name, profile, authentication,"
            " binding, redirect_uris, grant_types, scopes, created_at, changed_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, '{}', '{}', '{}', $7, $7)"
            " ON CONFLICT (tenant_id, client_id) DO NOTHING",
            client.tenant_id,
            client.id,
            client.name,
            client.profile.value,
            client.authentication.value,
            client.binding.value,
            client.created_at,
        )

    await database.transaction(work)


async def given_grant(tenant: Tenant) -> str:
    """The id of a new grant of the tenant."""
    grants, now = GrantService(tenant.database, SystemClock(), TimeOrderedIds()), datetime.now(UTC)
    new = NewGrant(
        client_id=uuid4(),
        login=Login(uuid4(), uuid4(), now, Acr.SCA, ("pwd", "hwk")),
        scopes=GRANTED,
    )
    grant = await tenant.database.transaction(
        lambda connection: grants.make(connection, tenant.id, new, now)
    )
    return str(grant.id)
