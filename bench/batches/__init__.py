"""Batch jobs: rows misplaced, kills, sizes, overhead, and all faults at once."""
