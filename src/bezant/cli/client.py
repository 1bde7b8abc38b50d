"""A client of our own public API, as any other client of it would be written.

HTTP/1.1 with connections kept alive, TLS 1.3, a bearer key; an `Idempotency-Key` on whatever
changes state, so that a request whose answer was lost is sent again without harm.
"""

import ssl
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import msgspec

from bezant.cli import wire
from bezant.ledger import proof, reconciliation, schemas
from bezant.vault import rotation as vault_keys

T = TypeVar("T")

PAGE_ROWS: Final = 1_000

_TIMEOUT_S: Final = httpx.Timeout(60.0, connect=5.0)
_TRIES_MAX: Final = 6
_PAUSE_S: Final = 1.0
_PAUSE_S_MAX: Final = 5.0
_AGAIN: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class ApiError(Exception):
    """The platform declined, or could not be reached.

    Attributes:
        status: the HTTP status; 0 when there was no answer.
        code: stable, such as `OVERDRAFT_EXCEEDED`; `UNREACHABLE` when there was no answer.
        detail: one sentence about this occurrence.
        field: the request field at fault, where one is.
    """

    def __init__(self, status: int, code: str, detail: str, field: str | None = None) -> None:
        where = f" ({field})" if field else ""
        super().__init__(f"{code}: {detail}{where}")
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field


class _Problem(msgspec.Struct):
    code: str
    detail: str = ""
    field: str | None = None


class Client:
    """A session with one platform. Threads may share it.

    Args:
        url: where the platform is, such as `https://localhost:8443`.
        api_key: the bearer credential.
        ca: the authority that vouches for the server, PEM; None for those that the system trusts.
    """

    def __init__(self, url: str, api_key: str, ca: Path | None = None) -> None:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {api_key}", "Accept": "application/json"},
            verify=context,
            timeout=_TIMEOUT_S,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        """The session itself; leaving closes its connections."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def books(self) -> Iterator[schemas.Book]:
        """All books of the tenant, oldest first."""
        for page in self._pages("/v1/books", schemas.Books):
            yield from page.books

    def book(self, book: UUID) -> schemas.Book:
        """One book."""
        return self._get(f"/v1/books/{book}", schemas.Book)

    def create_book(self, new: schemas.NewBook) -> schemas.Book:
        """Create a book."""
        return self._send("POST", "/v1/books", new, schemas.Book)

    def accounts(self, book: UUID) -> Iterator[schemas.Account]:
        """All accounts of a book, by identifier."""
        for page in self._pages(f"/v1/books/{book}/accounts", schemas.Accounts):
            yield from page.accounts

    def account(self, book: UUID, account: str) -> schemas.Account:
        """One account."""
        return self._get(_account(book, account), schemas.Account)

    def open_account(self, book: UUID, new: schemas.NewAccount) -> schemas.Account:
        """Open an account."""
        return self._send("POST", f"/v1/books/{book}/accounts", new, schemas.Account)

    def change_account(
        self, book: UUID, account: str, change: schemas.AccountChange
    ) -> schemas.Account:
        """Change an account's status or limits."""
        return self._send("PATCH", _account(book, account), change, schemas.Account)

    def balance(self, book: UUID, account: str) -> schemas.Balance:
        """An account's balance."""
        return self._get(f"{_account(book, account)}/balance", schemas.Balance)

    def entries(self, book: UUID, account: str) -> Iterator[schemas.Entry]:
        """All entries of an account, oldest first."""
        for page in self._pages(f"{_account(book, account)}/entries", schemas.Entries):
            yield from page.entries

    def post(
        self, book: UUID, new: schemas.NewTransaction, key: str | None = None
    ) -> schemas.PostedTransaction:
        """Post a transaction, under an idempotency key that is made where none is given."""
        path = f"/v1/books/{book}/transactions"
        return self._send("POST", path, new, schemas.PostedTransaction, key)

    def post_batch(self, book: UUID, batch: schemas.NewBatch) -> list[schemas.BatchResult]:
        """Post many transactions; a result for each, in their order."""
        path = f"/v1/books/{book}/transactions/batch"
        return self._send("POST", path, batch, schemas.BatchResults).results

    def transaction(self, book: UUID, transaction: UUID) -> schemas.Transaction:
        """One recorded transaction."""
        return self._get(f"/v1/books/{book}/transactions/{transaction}", schemas.Transaction)

    def reverse(
        self, book: UUID, transaction: UUID, asked: schemas.ReversalOfTransaction
    ) -> schemas.PostedTransaction:
        """Take a transaction back, in full or in part."""
        path = f"/v1/books/{book}/transactions/{transaction}/reverse"
        return self._send("POST", path, asked, schemas.PostedTransaction)

    def proof(self, book: UUID, transaction: UUID) -> proof.InclusionProof:
        """The proof that a transaction is in the book's log."""
        return self._get(f"/v1/books/{book}/proofs/{transaction}", proof.InclusionProof)

    def replace_chart(self, book: UUID, new: wire.NewChart) -> wire.Chart:
        """Replace the chart of accounts."""
        return self._send("PUT", f"/v1/books/{book}/chart", new, wire.Chart)

    def trial_balance(self, book: UUID) -> wire.TrialBalance:
        """The trial balance of the present, by the chart."""
        return self._get(f"/v1/books/{book}/trial-balance", wire.TrialBalance)

    def close_period(self, book: UUID, period: str, asked: wire.PeriodClosing) -> wire.Period:
        """Close a month."""
        return self._send("POST", f"/v1/books/{book}/periods/{period}/close", asked, wire.Period)

    def set_up_fx(self, book: UUID, new: wire.FxSettings) -> wire.FxSettings:
        """Say what the book's costs and gains in currencies are counted in."""
        return self._send("POST", f"/v1/books/{book}/fx/settings", new, wire.FxSettings)

    def record_rate(self, book: UUID, new: wire.FxRate) -> wire.FxRate:
        """Record a rate."""
        return self._send("POST", f"/v1/books/{book}/fx/rates", new, wire.FxRate)

    def quote(self, book: UUID, new: wire.NewQuote) -> wire.Quote:
        """Ask what an exchange comes to."""
        return self._send("POST", f"/v1/books/{book}/fx/quotes", new, wire.Quote)

    def convert(self, book: UUID, new: wire.NewConversion) -> wire.Conversion:
        """Carry a quote out."""
        return self._send("POST", f"/v1/books/{book}/fx/conversions", new, wire.Conversion)

    def capture_hold(
        self, book: UUID, hold: UUID, asked: schemas.CaptureOfHold
    ) -> schemas.SettledHold:
        """Capture a hold."""
        return self._send(
            "POST", f"/v1/books/{book}/holds/{hold}/capture", asked, schemas.SettledHold
        )

    def void_hold(self, book: UUID, hold: UUID, asked: schemas.VoidOfHold) -> schemas.SettledHold:
        """Void a hold, or its group."""
        return self._send("POST", f"/v1/books/{book}/holds/{hold}/void", asked, schemas.SettledHold)

    def open_limit_group(self, book: UUID, new: schemas.NewLimitGroup) -> schemas.LimitGroup:
        """Open a joint limit."""
        return self._send("POST", f"/v1/books/{book}/limit-groups", new, schemas.LimitGroup)

    def import_statement(
        self, book: UUID, account: str, file: bytes, media_type: str, mapping: str | None = None
    ) -> reconciliation.schemas.Import:
        """Import a statement; `mapping` tells how to read a CSV."""
        headers = {"Content-Type": media_type, "Idempotency-Key": str(uuid4())}
        return self._call(
            "POST",
            f"{_account(book, account)}/imports",
            reconciliation.schemas.Import,
            params={} if mapping is None else {"mapping": mapping},
            content=file,
            headers=headers,
        )

    def statements(
        self, book: UUID, account: str, number: int
    ) -> list[reconciliation.schemas.ImportedStatement]:
        """The statements that an import added."""
        path = f"{_account(book, account)}/imports/{number}"
        return self._get(path, reconciliation.schemas.ImportDetails).added

    def imports(self, book: UUID, account: str) -> Iterator[reconciliation.schemas.Import]:
        """All imports into an account, oldest first."""
        for page in self._pages(
            f"{_account(book, account)}/imports", reconciliation.schemas.Imports
        ):
            yield from page.imports

    def reconcile(
        self, book: UUID, new: reconciliation.schemas.NewReconciliation
    ) -> reconciliation.schemas.Reconciliation:
        """Ask for a reconciliation; it is carried out in the background."""
        path = f"/v1/books/{book}/reconciliations"
        return self._send("POST", path, new, reconciliation.schemas.Reconciliation)

    def find_reconciliation(self, book: UUID, asked: UUID) -> reconciliation.schemas.Reconciliation:
        """A reconciliation as it stands."""
        path = f"/v1/books/{book}/reconciliations/{asked}"
        return self._get(path, reconciliation.schemas.Reconciliation)

    def breaks(self, book: UUID, asked: UUID) -> Iterator[reconciliation.schemas.BreakView]:
        """All breaks of a reconciliation."""
        path = f"/v1/books/{book}/reconciliations/{asked}/breaks"
        for page in self._pages(path, reconciliation.schemas.Breaks):
            yield from page.breaks

    def matches(self, book: UUID, asked: UUID) -> Iterator[reconciliation.schemas.MatchView]:
        """All matches of a reconciliation."""
        path = f"/v1/books/{book}/reconciliations/{asked}/matches"
        for page in self._pages(path, reconciliation.schemas.Matches):
            yield from page.matches

    def statement_line(
        self, book: UUID, account: str, line: int
    ) -> reconciliation.schemas.StatementLineView:
        """What a line of a statement says; reading it is audited."""
        path = f"{_account(book, account)}/statement-lines/{line}"
        return self._get(path, reconciliation.schemas.StatementLineView)

    def rotate(self, new: vault_keys.NewRotation) -> vault_keys.Rotation:
        """Begin a rotation of keys; the vault's listener answers."""
        return self._send("POST", "/v1/vault/rotations", new, vault_keys.Rotation)

    def progress_of(self, rotation_id: UUID) -> vault_keys.Rotation:
        """How far a rotation is."""
        return self._get(f"/v1/vault/rotations/{rotation_id}", vault_keys.Rotation)

    def list_vault_keys(self, subject: UUID | None) -> vault_keys.KeyVersions:
        """The versions of the tenant's keys, or of a subject's."""
        query = {} if subject is None else {"subject_id": str(subject)}
        return self._get("/v1/vault/keys", vault_keys.KeyVersions, query)

    def destroy_vault_key(self, asked: vault_keys.KeyDestruction) -> vault_keys.DestroyedKeys:
        """End versions of keys that nothing needs."""
        return self._send("POST", "/v1/vault/keys/destroy", asked, vault_keys.DestroyedKeys)

    def _pages(
        self, path: str, kind: type[T], query: Mapping[str, str] | None = None
    ) -> Iterator[T]:
        cursor: str | None = None
        while True:
            where = {"limit": str(PAGE_ROWS)} | ({"cursor": cursor} if cursor else {})
            page = self._get(path, kind, {**(query or {}), **where})
            yield page
            cursor = getattr(page, "next", None)
            if cursor is None:
                return

    def _get(self, path: str, kind: type[T], query: Mapping[str, str] | None = None) -> T:
        return self._call("GET", path, kind, params=dict(query or {}))

    def _send(
        self, method: str, path: str, body: object, kind: type[T], key: str | None = None
    ) -> T:
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key or str(uuid4()),
        }
        return self._call(method, path, kind, content=msgspec.json.encode(body), headers=headers)

    def _call(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        params: dict[str, str] | None = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> T:
        """Send a request, again with the same key where the platform asks for that or is gone.

        Raises:
            ApiError: declined, or still not answered.
        """
        for left in reversed(range(_TRIES_MAX)):
            pause_s = _PAUSE_S
            try:
                answer = self._http.request(
                    method, path, params=params, content=content, headers=headers
                )
            except httpx.TransportError as error:
                if not left or isinstance(error, httpx.ConnectError):
                    reason = f"{self._http.base_url} does not answer: {error}"
                    raise ApiError(0, "UNREACHABLE", reason) from error
            else:
                if answer.is_success:
                    return msgspec.json.decode(answer.content, type=kind)
                if not left or answer.status_code not in _AGAIN:
                    raise _error(answer)
                pause_s = _retry_after(answer)
            time.sleep(min(pause_s, _PAUSE_S_MAX))
        raise AssertionError("the last try returns or raises")


def _account(book: UUID, account: str) -> str:
    return f"/v1/books/{book}/accounts/{quote(account, safe=':@')}"


def _retry_after(answer: httpx.Response) -> float:
    """Seconds; the platform sends no dates, but something before it might (RFC 9110, 10.2.3)."""
    value: str = answer.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else _PAUSE_S


def _error(answer: httpx.Response) -> ApiError:
    try:
        problem = msgspec.json.decode(answer.content, type=_Problem)
    except msgspec.DecodeError:
        # Something between us and the platform answered.
        return ApiError(answer.status_code, "NOT_A_PROBLEM", f"HTTP {answer.status_code}")
    return ApiError(answer.status_code, problem.code, problem.detail, problem.field)
