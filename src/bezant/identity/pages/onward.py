"""What a login is for: the page that it leads to, and how strong it must be."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from bezant.identity.authorization import COOKIE, Interaction, Interactions
from bezant.identity.logins import Acr
from bezant.identity.pages.destinations import Destination
from bezant.identity.pages.visits import Visit


@dataclass(frozen=True, slots=True)
class Onward:
    """Where a login leads.

    Attributes:
        acr: what is needed there. Of the account's pages a form says it; whoever lowers it gets a
            login that those pages then refuse.
        interaction: the request that waits for it, if one does.
    """

    destination: Destination
    acr: Acr
    interaction: Interaction | None = None

    @classmethod
    async def of(cls, visit: Visit, interactions: Interactions) -> Self:
        """Read a form's hidden fields, or a link's query.

        Raises:
            InteractionOver: it leads to a request that this browser cannot answer any more.
        """
        given = visit.request.query if visit.request.method == "GET" else visit.request.form
        destination = Destination.read(given.get("to"))
        if destination.interaction_id is None:
            known = {acr.value: acr for acr in Acr}
            return cls(destination, known.get(given.get("acr", ""), Acr.PASSWORD))
        interaction = await find(visit, interactions, destination.interaction_id)
        return cls(destination, interaction.acr, interaction)

    @property
    def max_age_s(self) -> int | None:
        """How old a proof may be. Changes of factors ask for one of now."""
        if self.interaction is None or "login" in self.interaction.prompts:
            return 0
        return self.interaction.max_age_s

    @property
    def fields(self) -> dict[str, str]:
        """What the forms on the way carry along."""
        acr = self.acr if self.interaction is None else ""
        return {"to": str(self.destination), "acr": acr}

    def speaking(self, visit: Visit) -> Visit:
        """The visit in the language that the client asked for."""
        return visit.speaking(self.interaction.locales) if self.interaction else visit

    def facts(self, visit: Visit) -> dict[str, str | None]:
        """What pages on the way say of it."""
        if self.interaction is None:
            return {"client": None, "refuse_at": None}
        return {
            "client": self.interaction.client_name,
            "refuse_at": self.destination.url(visit.issuer),
        }

    @property
    def form_source(self) -> str | None:
        """Where cancelling leads."""
        return self.interaction.redirect_source if self.interaction else None


async def find(visit: Visit, interactions: Interactions, interaction_id: UUID) -> Interaction:
    """The interaction, if this browser began it."""
    return await interactions.find(visit.tenant_id, interaction_id, browser_of(visit))


def browser_of(visit: Visit) -> str:
    """What the authorization endpoint knows the browser by."""
    return visit.request.cookies.get(COOKIE, "")
