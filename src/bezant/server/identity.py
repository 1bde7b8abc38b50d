"""The one place where identity is put together from its parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from bezant.identity.backchannel import PingJobs, SignedRequests
from bezant.identity.clients import (
    DEVICE_GRANT,
    CertificateJudge,
    ClientAuthenticator,
    ClientKeys,
    Clients,
    ClientService,
    client_operations,
)
from bezant.identity.discovery import Discovery
from bezant.identity.enrolment import DeviceEndpoints
from bezant.identity.factors import BreachedPasswords, Passwords, RelyingParty
from bezant.identity.grants import operations as grant_operations
from bezant.identity.http import ProtocolEndpoint
from bezant.identity.issuers import Issuers, TenantIssuers
from bezant.identity.jose import KeyFetcher
from bezant.identity.logout import LogoutTokens
from bezant.identity.pages import Behind, CookieVisitors, logout_part, page_routes
from bezant.identity.parts import Part
from bezant.identity.people import People, Secrecy, compose, throttle_secret
from bezant.identity.policy import Engine, usable_scopes
from bezant.identity.proofs import DpopVerifier, Nonces, UsedProofs
from bezant.identity.resources import Callers, SignedCallers, SignedMessages
from bezant.identity.signing import SigningKeys
from bezant.identity.users import Means, Naming
from bezant.identity.users import operations as user_operations
from bezant.kernel.cache import Cache
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.http import Authenticator, Operation
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Handling
from bezant.kernel.outbound import CheckedNetwork, SystemResolver
from bezant.kernel.retention import RemoveAnswers
from bezant.kernel.sealed import Sealer
from bezant.kernel.sealed_owners import SealedOwner
from bezant.kernel.sealing import KeySealer
from bezant.kernel.sessions import Sessions
from bezant.kernel.webhooks import Sender
from bezant.server.authorization import Authorization
from bezant.server.backchannel import Backchannel
from bezant.server.devices import Devices
from bezant.server.registration import Registration
from bezant.server.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What identity stands on.

    Attributes:
        sealer: the vault.
        secret: of every process of the platform the same; nonces are made with it, and secrets of
            users' applications are sealed under it.
        origin: of the API, as clients know it.
        cache: what stands before sessions.
        mtls_origin: of the listener for certificates; None where there is none.
        allow_loopback: fetch clients' keys from this machine too, for development.
        breached: passwords that no user may choose; None without a list.
        judge: knows clients' certificates; None where none are taken.
    """

    database: Database
    clock: Clock
    ids: Ids
    sealer: Sealer
    secret: bytes
    origin: str
    cache: Cache
    mtls_origin: str | None = None
    allow_loopback: bool = False
    breached: BreachedPasswords | None = None
    judge: CertificateJudge | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What a worker serves and sweeps of identity.

    Attributes:
        logout_tokens: tell clients that a session has ended, in a job.
        endpoints: below every issuer.
        pages: for people, in no document.
        operations: of the API.
        owners: of sealed values.
        removals: of what is too old, by table.
    """

    issuers: TenantIssuers
    clients: ClientAuthenticator
    client_keys: ClientKeys
    proofs: DpopVerifier
    keys: SigningKeys
    tokens: Tokens
    backchannel: Backchannel
    people: People
    sessions: Sessions
    fetcher: KeyFetcher
    logout_tokens: LogoutTokens
    endpoints: Sequence[ProtocolEndpoint]
    pages: Sequence[BaseRoute]
    operations: Sequence[Operation]
    owners: Sequence[SealedOwner]
    removals: dict[str, RemoveAnswers]

    @classmethod
    def of(cls, given: Surroundings, parts: Sequence[Part] = ()) -> Self:
        """Put it together."""
        database, clock, ids = given.database, given.clock, given.ids
        issuers = TenantIssuers(database, given.origin, given.mtls_origin)
        fetcher, client_keys = _client_keys(given)
        used = UsedProofs(database, clock)
        keys = SigningKeys(database, clock, ids, given.sealer)
        clients = ClientAuthenticator(Clients(database), client_keys, used, given.judge, clock)
        proofs = DpopVerifier(used, Nonces(given.secret), clock)
        tokens = Tokens.of(database, clock, ids, keys, clients, proofs)
        sessions = Sessions(database, given.cache, clock, ids)
        people = _people(given, sessions)
        naming = Naming(people.users, ids)
        authorization = Authorization.of(
            tokens, issuers, client_keys, people.users, CookieVisitors(people.browsing, naming)
        )
        registration = Registration.of(tokens, fetcher, client_keys, used, given.judge)
        signed = SignedRequests(client_keys, used, clock)
        backchannel = _backchannel(given, tokens, people, signed, authorization)
        devices = Devices.of(tokens, issuers, authorization, people.throttle, given.secret)
        pollers = {DEVICE_GRANT: devices.codes, **backchannel.pollers()}
        behind = _behind(people, authorization, devices, naming, clock)
        parts = [
            *tokens.parts(authorization.codes, authorization.id_tokens, pollers),
            *authorization.parts(),
            registration.part(),
            devices.part(),
            DeviceEndpoints(people.approvals).part(),
            backchannel.part(),
            logout_part(behind),
            *parts,
        ]
        installed = [Discovery(keys, clients.methods, parts).part(), *parts]
        return cls(
            issuers=issuers,
            clients=clients,
            client_keys=client_keys,
            proofs=proofs,
            keys=keys,
            tokens=tokens,
            people=people,
            sessions=sessions,
            fetcher=fetcher,
            endpoints=[endpoint for part in installed for endpoint in part.endpoints],
            pages=page_routes(behind, issuers),
            logout_tokens=_logout_tokens(given, issuers, keys),
            operations=[
                *client_operations(
                    ClientService(database, clock, ids, fetcher),
                    usable_scopes(Engine.shipped(), clock),
                ),
                *grant_operations(tokens.grants),
                *registration.operations(),
                *user_operations(people.users),
            ],
            owners=[keys.owner(), people.users.owner()],
            backchannel=backchannel,
            removals={
                "used_proof": used.remove_old,
                **tokens.removals(),
                **authorization.removals(),
                **registration.removals(),
                **backchannel.removals(),
                **devices.removals(),
                **people.removals,
            },
        )

    def handlings(self) -> list[Handling[Any]]:
        """The jobs that tell clients what became of their users."""
        return [self.backchannel.handling(), self.logout_tokens.handling()]

    def callers(self, keys: Authenticator) -> SignedCallers:
        """Whom API keys and access tokens let in."""
        callers = Callers(keys, self.tokens.authenticator(self.issuers))
        clients = Clients(self.tokens.database)
        return SignedCallers(callers, clients, self.client_keys, self.keys, self.tokens.clock)

    def signed(self, app: ASGIApp, prefix: str) -> SignedMessages:
        """The application, whose answers to signed requests are signed below a path's prefix."""
        return SignedMessages(app, self.keys, self.tokens.clock, prefix=prefix)

    async def close(self) -> None:
        """End what runs in the background."""
        self.fetcher.close()
        await self.logout_tokens.close()
        self.people.close()
        await self.backchannel.close()
        await self.tokens.close()
        await self.sessions.close()


def _backchannel(
    given: Surroundings,
    tokens: Tokens,
    people: People,
    signed: SignedRequests,
    authorization: Authorization,
) -> Backchannel:
    return Backchannel.of(
        tokens,
        people,
        signed,
        authorization.types,
        KeySealer(given.secret),
        allow_loopback=given.allow_loopback,
    )


def _behind(
    people: People, authorization: Authorization, devices: Devices, naming: Naming, clock: Clock
) -> Behind:
    return Behind(
        doorkeeper=people.entrance,
        sessions=people.browsing,
        factors=people.factors,
        interactions=devices.interactions,
        codes=devices.entry,
        logouts=authorization.logouts,
        naming=naming,
        clock=clock,
    )


def _client_keys(given: Surroundings) -> tuple[KeyFetcher, ClientKeys]:
    loopback = given.allow_loopback
    network = CheckedNetwork(SystemResolver(), allow_loopback=loopback)
    fetcher = KeyFetcher(network, allow_loopback=loopback)
    return fetcher, ClientKeys(fetcher)


def _logout_tokens(given: Surroundings, issuers: Issuers, keys: SigningKeys) -> LogoutTokens:
    loopback = given.allow_loopback
    return LogoutTokens(
        Clients(given.database),
        issuers,
        keys,
        given.clock,
        Sender(CheckedNetwork(SystemResolver(), allow_loopback=loopback), given.clock),
        allow_loopback=loopback,
    )


def _people(given: Surroundings, sessions: Sessions) -> People:
    secrecy = Secrecy(given.sealer, KeySealer(given.secret), throttle_secret(given.secret))
    means = Means(given.database, given.clock, given.ids)
    party, passwords = RelyingParty(given.origin), Passwords(given.breached)
    return compose(means, secrecy, sessions, party, passwords, PingJobs(given.ids).heard)
