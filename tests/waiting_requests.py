"""Authorization requests that wait for their users, in the memory of a test."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from bezant.identity.authorization.errors import InteractionOver, LoginTooWeak
from bezant.identity.authorization.interactions import Interaction
from bezant.identity.logins import Acr, Login
from bezant.identity.pages.consent import suffices
from bezant.kernel.clock import Clock
from bezant.kernel.ids import Ids

BROWSER = "the browser that began it"
CLIENT = "https://budget.example"
PAYMENT = {
    "type": "payment_initiation",
    "instructedAmount": {"currency": "EUR", "amount": "249.90"},
    "creditorName": "Mühle & Söhne <GmbH>",
    "creditorAccount": {"iban": "DE02100100109307118603"},
}


@dataclass
class WaitingRequests:
    """Implements `Interactions`, each answer once.

    Attributes:
        answers: what was decided, by interaction.
    """

    clock: Clock
    ids: Ids
    waiting: dict[UUID, Interaction] = field(default_factory=dict)
    answers: dict[UUID, Login | None] = field(default_factory=dict)

    def begin(self, tenant_id: UUID, **asked: Any) -> Interaction:  # noqa: ANN401 - its members
        now = self.clock.now()
        interaction = Interaction(
            id=self.ids.new(),
            tenant_id=tenant_id,
            client_id=self.ids.new(),
            client_name="Budget Buddy",
            redirect_host="budget.example",
            redirect_source=CLIENT,
            scopes=("openid", "ledger:read"),
            details=(PAYMENT,),
            acr=Acr.PASSWORD,
            max_age_s=None,
            prompts=frozenset(),
            login_hint=None,
            granted_until=now + timedelta(days=90),
            begun_at=now,
            expires_at=now + timedelta(minutes=15),
        )
        interaction = msgspec.structs.replace(interaction, **asked)
        self.waiting[interaction.id] = interaction
        return interaction

    async def find(self, tenant_id: UUID, interaction_id: UUID, browser: str) -> Interaction:
        found = self.waiting.get(interaction_id)
        if found is None or found.tenant_id != tenant_id or browser != BROWSER:
            raise InteractionOver("There is nothing to decide.")
        return found

    async def approve(
        self, tenant_id: UUID, interaction_id: UUID, browser: str, login: Login
    ) -> str:
        found = await self.find(tenant_id, interaction_id, browser)
        if not suffices(found, login, self.clock.now()):
            raise LoginTooWeak("The client asked for another login.")
        return self._answer(interaction_id, login, "code=a-code")

    async def refuse(self, tenant_id: UUID, interaction_id: UUID, browser: str) -> str:
        await self.find(tenant_id, interaction_id, browser)
        return self._answer(interaction_id, None, "error=access_denied")

    def _answer(self, interaction_id: UUID, login: Login | None, said: str) -> str:
        del self.waiting[interaction_id]
        self.answers[interaction_id] = login
        return f"{CLIENT}/callback?{said}"
