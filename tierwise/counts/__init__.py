"""How many pictures have which label: all answers, corrected by what people say of some at random.

draw ─▶ a sheet to fill in ─▶ corrections ─▶ tally (over the archive) ─▶ shares
"""
