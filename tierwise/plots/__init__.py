"""Figures for people, as bytes: of a calibration's choice, and of what pictures are billed.

A plot is a function of records and nothing else; `drawing` makes SVG and PNG of it.
"""
