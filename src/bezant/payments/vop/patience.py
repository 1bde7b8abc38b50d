"""How long answers about payees are waited for."""

from dataclasses import dataclass

from bezant.payments.vop.scheme import CEILING_S


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds after which there is no answer.

    Attributes:
        own_s: of the vault, about our accounts: whoever asks us wants an answer within three.
        others_s: of another bank, as the scheme has it.
        batch_s: of all that are asked about several payees.
        answer_s: of everything that an answer to another bank takes: what it takes on its way is
            what is left of the scheme's limit.
        chunk_s: of all that are asked about a chunk of a file, for which nobody waits at a screen:
            a hundred questions, ten at a time, each as long as the scheme lets it take.
    """

    own_s: float = 2.0
    others_s: float = CEILING_S
    batch_s: float = 15.0
    answer_s: float = CEILING_S - 0.5
    chunk_s: float = 60.0
