"""Polls: clients that ask the token endpoint until a user has decided somewhere else."""

from bezant.identity.polling.pacing import INTERVAL_S, Pace, Unready

__all__ = ["INTERVAL_S", "Pace", "Unready"]
