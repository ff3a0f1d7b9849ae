"""Which route is good enough for which task, found out on labelled images.

routes ─▶ asked elsewhere ─▶ observations ─▶ figures ─▶ choice ─▶ calibration_file ─▶ a run
             truths, scores ──────┘
"""
