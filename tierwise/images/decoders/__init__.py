"""From bytes to upright sRGB pixels, one file per library and format."""
