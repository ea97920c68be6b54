"""Credit notes over HTTP."""
