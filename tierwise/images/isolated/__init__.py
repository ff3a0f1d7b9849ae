"""Decoding in processes that may die of it."""
