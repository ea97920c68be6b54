"""Two points in time of one thing: what differs, and the events between that made it so."""
