"""When questions are asked, how many at a time, and what fits under a cap."""
