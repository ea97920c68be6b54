"""`tallybook demo`: a month of usage played over HTTP, up to an invoice that replays."""
