"""Two outputs held against each other: rows that meet, and what they add up to.

picture_rows ─▶ meeting ─▶ sums ─▶ told
"""
