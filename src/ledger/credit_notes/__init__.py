"""Credit notes: what is taken off a finalized invoice, and where it goes."""
