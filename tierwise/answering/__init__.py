"""The life of one image or group, from its bytes to its answers, without Beam."""
