"""Beam's engines: their options, workers, reach and noise."""
