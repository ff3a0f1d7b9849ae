"""Bytes of any picture in, upright smaller bytes out.

* `inspection.inspect`      what a file is and how many images it holds
* `optimization.optimize`   one image of it, upright, sRGB, stripped, as small as the settings ask
* `optimization.optimize_many`  the same at several settings from one decode
* `limits.Limits`           what is still decoded
* `signatures.signature`    the format that the first bytes tell

Life of one picture: signature -> header (pure Python, sizes checked before anything is decoded)
-> decoder -> upright, sRGB, no transparency, smaller -> encoder. Baseline JPEG, PNG and WebP are
decoded in the calling thread; every other format, and whatever looks odd, in a helper process with
limits on memory and time (`isolation`).
"""

import os

# libvips repeats a file's own text in warnings, on standard error or to a callback that fails on
# text that is not UTF-8. It reads this once, when any module below first imports it.
os.environ.setdefault("VIPS_WARNING", "1")
