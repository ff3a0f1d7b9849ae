"""The batch tier: questions that go to Google as jobs, and come back within a day or so.

    gather ─▶ parts on disk ─▶ orders ─▶ jobs at Google ─▶ results ─▶ journal

Workers write down what is to be asked (`gather`). Whoever launched them, or starts the same command
later, makes jobs of that (`ordering`), looks after them (`watch`) and takes their results into
the journal (`take`), where the next pass over the archive finds the answers.
"""
