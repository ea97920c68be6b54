"""A customer's items, billed period after period: what starts, changes, renews and ends."""
