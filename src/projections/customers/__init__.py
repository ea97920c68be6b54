"""The read model of customers."""
