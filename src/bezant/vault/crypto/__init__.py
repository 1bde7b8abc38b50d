"""The vault's ciphers, digests and keys in memory: pure, with randomness and time injected."""
