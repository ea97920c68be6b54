"""The read model of credit notes."""
