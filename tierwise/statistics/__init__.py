"""What may be concluded from a sample, with guarantees that hold for samples of any size.

binomial ─▶ intervals        how large a share can be
paired, betting ─▶ non_inferiority   is the cheaper way nearly as good, on the same images?
two_samples                  is something more frequent here than there?
sequence                     so that a search over many ways deceives no more often than one test
spending                     so that many looks deceive no more often than one
examination                  how sure a local model must be to answer in Gemini's place
corrected_shares             how many are there, from all answers and a few labels at random
"""
