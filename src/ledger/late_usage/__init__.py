"""Late usage: what was recorded or cancelled after the invoice of its period was finalized."""
