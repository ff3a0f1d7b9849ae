"""When and on what something was measured: one line, for the reader of a table."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime

import numpy as np
import PIL
import pyvips
import simplejpeg


def surroundings() -> str:
    """Date, cores, load and versions."""
    vips = ".".join(str(pyvips.version(part)) for part in range(3))
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {os.cpu_count()} cores, load "
        f"{' '.join(f'{load:.1f}' for load in os.getloadavg())}; Python "
        f"{platform.python_version()}, libvips {vips}, numpy {np.__version__}, simplejpeg "
        f"{simplejpeg.__version__}, Pillow {PIL.__version__}"
    )
