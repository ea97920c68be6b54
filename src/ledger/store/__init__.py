"""The event store: one recorder, one mapper, and the migrations of their tables."""
