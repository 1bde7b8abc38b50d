"""An agent of clients: grants, refreshes and introspections over HTTPS.

Its signatures are made in its own process, and as many as a round is likely to need before the
round's clock starts: the platform that is measured makes and waits for none of them.
"""

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from msgspec import Struct

from bezant.cli.bench.agent import Rounds, serve
from bezant.cli.bench.connections import Origin, Outcome
from bezant.cli.bench.signing import SigningClient, jwk_of
from bezant.identity.clients import Clients
from bezant.identity.confirmation import Confirmation
from bezant.identity.grants import GrantService, NewGrant
from bezant.identity.issuers import Endpoint, Issuer
from bezant.identity.logins import Acr, Login
from bezant.identity.tokens import RefreshTokens
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

PREPARED_PER_S: Final = 1_000
PREPARED_MAX: Final = 10_000
"""Of a longer round, the rest is signed when it is sent: a proof is good for a minute."""

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_REFRESH_TOKENS: Final = 200
_API: Final = "/v1/oauth-clients"
_SCOPES: Final = ["ledger:read", "ledger:write"]


class Load(StrEnum):
    """What is asked for."""

    CREDENTIALS = "credentials"
    REFRESH = "refresh"
    INTROSPECTION = "introspection"


class Setup(Struct, frozen=True):
    """Where to call, as whom, and where grants are laid in.

    Attributes:
        mtls_url: of the listener that takes certificates.
        folder: for a certificate and its key.
    """

    url: str
    mtls_url: str
    ca: str
    api_key: str
    database_url: str
    tenant_id: UUID
    folder: str


class Ready(Struct, frozen=True):
    """It can begin."""


class Round(Struct, frozen=True):
    """What to ask for, on how many connections, for how long."""

    load: Load
    connections: int
    seconds: float


class _Granter:
    """A client that gets tokens, and a resource server that asks about one of them."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._issuer = Issuer(setup.tenant_id, setup.url, setup.mtls_url)
        self._client = SigningClient()
        self._client_id = ""
        self._server_id = ""
        self._token = ""
        self._refresh_tokens: list[str] = []
        self._turns = count()
        self._certificate = Path(setup.folder) / "resource-server.pem"
        self._origin = Origin(setup.url, setup.ca)
        self._mtls: Origin | None = None

    async def prepare(self) -> None:
        """Register both, lay refresh tokens in, and get the token that is asked about."""
        async with httpx.AsyncClient(
            base_url=self._setup.url, verify=self._setup.ca, timeout=60
        ) as http:
            self._client_id = await self._register(
                http,
                grant_types=["authorization_code", "client_credentials", "refresh_token"],
                redirect_uris=["https://client.example/back"],
                scopes=_SCOPES,
                jwks={"keys": [self._client.jwk]},
            )
            self._server_id = await self._register(
                http,
                authentication="self_signed_tls_client_auth",
                binding="mtls",
                grant_types=["client_credentials"],
                scopes=["introspection"],
                jwks={"keys": [_certified(self._certificate)]},
            )
            self._mtls = Origin(self._setup.mtls_url, self._setup.ca, certificate=self._certificate)
            answer = await http.post(
                self._issuer.at(Endpoint.TOKEN),
                headers={"DPoP": self._proof()},
                data=self._asserting(grant_type="client_credentials"),
            )
            answer.raise_for_status()
            self._token = answer.json()["access_token"]
        await self._lay_in()

    async def run(self, asked: Round) -> Outcome:
        if asked.load is Load.INTROSPECTION:
            assert self._mtls is not None
            form = {"client_id": self._server_id, "token": self._token}
            question = self._mtls.form(self._path(Endpoint.INTROSPECTION), urlencode(form))
            return await self._mtls.keep_asking(
                lambda: question, asked.connections, asked.seconds, must_hold=b'"active":true'
            )
        make = {Load.CREDENTIALS: self._credentials, Load.REFRESH: self._refresh}[asked.load]
        likely = min(PREPARED_MAX, int(asked.seconds * PREPARED_PER_S) + asked.connections)
        prepared = [make() for _ in range(likely)]

        def request() -> bytes:
            return prepared.pop() if prepared else make()

        return await self._origin.keep_asking(request, asked.connections, asked.seconds)

    async def _register(self, http: httpx.AsyncClient, **members: Any) -> str:  # noqa: ANN401 - JSON
        answer = await http.post(
            _API,
            json={"name": "Bench", **members},
            headers={
                "Authorization": f"Bearer {self._setup.api_key}",
                "Idempotency-Key": str(uuid4()),
            },
        )
        assert answer.status_code == HTTPStatus.CREATED, answer.text
        return str(answer.json()["id"])

    async def _lay_in(self) -> None:
        """Grants with refresh tokens, as the consent page and the token endpoint would make them.

        Each of another user's, since a bank's are.
        """
        database = await Database.open(self._setup.database_url, connections_max=1)
        clock, tenant_id = SystemClock(), self._setup.tenant_id
        grants, tokens = GrantService(database, clock, TimeOrderedIds()), RefreshTokens()
        client = await Clients(database).find(tenant_id, self._client_id)
        assert client is not None
        now = clock.now()

        async def work(connection: "Connection") -> str:
            login = Login(uuid4(), uuid4(), now, Acr.SCA, ("pwd", "hwk"))
            new = NewGrant(client_id=client.id, login=login, scopes=frozenset(_SCOPES))
            grant = await grants.make(connection, tenant_id, new, now)
            key = Confirmation(jkt=self._client.thumbprint)
            return await tokens.begin(connection, client, grant, key, now)

        for _ in range(_REFRESH_TOKENS):
            self._refresh_tokens.append(await database.transaction(work))
        await database.close()

    def _credentials(self) -> bytes:
        return self._token_request(grant_type="client_credentials")

    def _refresh(self) -> bytes:
        tokens = self._refresh_tokens
        return self._token_request(
            grant_type="refresh_token", refresh_token=tokens[next(self._turns) % len(tokens)]
        )

    def _token_request(self, **form: str) -> bytes:
        body = urlencode(self._asserting(**form))
        return self._origin.form(self._path(Endpoint.TOKEN), body, f"dpop: {self._proof()}\r\n")

    def _asserting(self, **form: str) -> dict[str, str]:
        assertion = self._client.assertion(self._client_id, self._issuer.url)
        return {**form, "client_assertion_type": _ASSERTION_TYPE, "client_assertion": assertion}

    def _proof(self) -> str:
        return self._client.proof("POST", self._issuer.at(Endpoint.TOKEN))

    def _path(self, endpoint: Endpoint) -> str:
        return urlsplit(self._issuer.at(endpoint)).path


def _certified(path: Path) -> dict[str, Any]:
    """A certificate of its own making and its key, in a file; as a client registers it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bench")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem + certificate.public_bytes(Encoding.PEM))
    path.chmod(0o600)
    x5c = b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return {**jwk_of(key.public_key()), "x5c": [x5c]}


@asynccontextmanager
async def prepare(setup: Setup) -> AsyncIterator[tuple[Ready, Rounds[Round]]]:
    """Register clients, and lay in what is refreshed."""
    granter = _Granter(setup)
    await granter.prepare()
    yield Ready(), granter.run


def main() -> None:
    """Run the agent."""
    serve(Setup, Round, prepare)
