"""Meter events over HTTP and on the command line: recording, cancelling, summing up."""
