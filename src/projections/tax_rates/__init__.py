"""The read model of tax rates."""
