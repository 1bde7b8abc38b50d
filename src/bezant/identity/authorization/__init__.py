"""The authorization endpoint: pushed requests, what users are asked, and codes."""
