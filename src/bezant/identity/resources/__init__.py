"""Resources: from a sender-constrained access token to the caller of the API."""
