"""The job and its commands."""
