"""What people read at a terminal: tables, progress, the end of a run."""
