"""Simulations of what a calibration promises: one file per claim."""
