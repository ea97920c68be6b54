"""The tree over a ledger's stored events, its proofs, and its signed checkpoints."""
