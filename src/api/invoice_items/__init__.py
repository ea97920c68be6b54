"""Invoice items over HTTP."""
