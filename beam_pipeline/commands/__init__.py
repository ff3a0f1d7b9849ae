"""One file per verb, each with `main(settings, beam_flags) -> exit status`."""
