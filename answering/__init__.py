"""The life of one image, from its bytes to its answers, without Beam."""
