"""The read model of prices."""
