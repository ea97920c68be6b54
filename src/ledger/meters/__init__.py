"""Meters: what is measured, and how meter events are aggregated."""
