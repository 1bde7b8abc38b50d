"""Terms: what a product promises, as the versions of products keep it."""
