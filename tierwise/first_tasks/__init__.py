"""A first tasks file for an archive, from the names of its files.

look ─▶ draft
"""
