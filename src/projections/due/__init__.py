"""What is due and when, read by the scheduler."""
