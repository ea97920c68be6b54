"""The read model of late usage: what was adjusted, and what is never billed."""
