"""An issuer where clients register, with its token endpoint, in this process."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI

from bezant.identity.authorization import Codes
from bezant.identity.certificates import AuthoritiesFile
from bezant.identity.clients import ClientAuthenticator, ClientCertificates, ClientKeys, Clients
from bezant.identity.http import add_protocol
from bezant.identity.issuers import TenantIssuers
from bezant.identity.jose import KeyFetcher
from bezant.identity.proofs import DpopVerifier, Nonces, UsedProofs
from bezant.identity.signing import SigningKeys
from bezant.kernel.clock import ManualClock, SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.outbound import CheckedNetwork
from bezant.server.registration import Registration
from bezant.server.tokens import Tokens
from bezant.vault import VaultClient
from certified import Authority
from fixtures_api import Tenant
from fixtures_tokens import PlainIdTokens
from receivers import Receiver, receiving
from registering import Registry
from token_callers import MTLS_ORIGIN
from token_desk import ORIGIN

CLIENTS_CA = Authority.root()
"""Whom the platform trusts to name clients."""


class ThisMachine:
    """Resolves every name to this machine."""

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        del host, port
        return ["127.0.0.1"]

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(scope="module")
async def key_publisher(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Receiver]:
    """Where keys are published."""
    async with receiving(tmp_path_factory.mktemp("keys")) as receiver:
        yield receiver


@pytest.fixture
async def registry(
    database: Database,
    tenant: Tenant,
    sealer: VaultClient,
    key_publisher: Receiver,
    tmp_path: Path,
) -> AsyncIterator[Registry]:
    clock, ids = ManualClock(datetime.now(UTC)), TimeOrderedIds()
    authorities = tmp_path / "authorities.pem"
    authorities.write_text(CLIENTS_CA.pem)
    judge = ClientCertificates(AuthoritiesFile(authorities), clock)
    issuers = TenantIssuers(database, ORIGIN, MTLS_ORIGIN)
    network = CheckedNetwork(ThisMachine(), allow_loopback=True)
    fetcher = KeyFetcher(network, allow_loopback=True, tls=key_publisher.tls)
    keys, used = ClientKeys(fetcher), UsedProofs(database, clock)
    signing = SigningKeys(database, SystemClock(), ids, sealer)
    authenticator = ClientAuthenticator(Clients(database), keys, used, judge, clock)
    proofs = DpopVerifier(used, Nonces(bytes(32)), clock)
    tokens = Tokens.of(database, clock, ids, signing, authenticator, proofs)
    registration = Registration.of(tokens, fetcher, keys, used, judge)
    parts = [*tokens.parts(Codes(), PlainIdTokens(), {}), registration.part()]
    app = FastAPI(redirect_slashes=False)
    add_protocol(app, [each for part in parts for each in part.endpoints], issuers)
    yield Registry(app, tenant, issuers.of(tenant.id), clock, database)
    await tokens.close()
    fetcher.close()
