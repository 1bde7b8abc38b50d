"""OpenID Connect: ID tokens, userinfo, and logging out."""
