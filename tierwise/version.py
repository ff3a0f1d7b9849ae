"""The version of this program, the same as in `setup.py` and at the top of CHANGELOG.md."""

VERSION = "0.1.0"
