"""Published image sizes and qualities by purpose."""

DEFAULT_QUALITY = 85

# Longest side in px and JPEG quality by purpose, as published for shrinking before sending.
PROFILES = {
    "content": (512, 85),
    "text": (768, 90),
    "objects": (512, 85),
    "faces": (512, 85),
    "aggressive": (256, 75),
    "conservative": (1024, 95),
}
