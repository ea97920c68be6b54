"""The read model of invoice items."""
