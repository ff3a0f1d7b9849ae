"""Routes tried on labelled images, as one job."""
