"""The porch: how the job gets to Dataflow."""
