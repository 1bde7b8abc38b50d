"""One module per family of messages; each reads and writes one version."""
