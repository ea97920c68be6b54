"""The read model of usage: every meter event, what was cancelled, and summaries over them."""
