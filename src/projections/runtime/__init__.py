"""What every projection runs on: rows, checkpoints, followers and rebuilds."""
