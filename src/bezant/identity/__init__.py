"""Identity: who asks, proven, and what they may do."""
