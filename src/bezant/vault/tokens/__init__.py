"""What tokens stand for, and what they look like: pure, with randomness and dates injected."""
