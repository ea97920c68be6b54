"""Tax rates over HTTP."""
