"""Measurements of Tallybook against limits that are measured in the same run."""
