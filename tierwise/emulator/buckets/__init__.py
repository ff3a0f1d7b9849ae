"""A small Cloud Storage for the desk: folders of this machine, served as buckets."""
