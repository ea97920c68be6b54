"""The read model of products."""
