"""The read model of test clocks."""
