"""The pages on which users log in, decide and look after their accounts."""
