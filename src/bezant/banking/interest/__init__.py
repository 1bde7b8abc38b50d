"""Interest: what balances earn and cost, day by day, and what of it is booked."""
