"""Resolves the package with each extra from nothing, as pip and as uv do; needs an index.

    python tests/packaging/resolve.py

A resolver that finds no fitting versions at once fetches one after the other: so it fails where pip
looks at more than three versions of a package, or uv takes longer than a minute.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter
from importlib.metadata import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
_MOST_VERSIONS, _MOST_S = 3, 60.0
_FETCHED = re.compile(r"Downloading (?:\S*/)?([A-Za-z0-9_.]+)-(\d[^-\s]*)")
_PIP = ("-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "install")


def main() -> int:
    """Print what each takes; 1 where one is too much."""
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "bin", "python")
        for extra in ("", *(metadata("tierwise").get_all("Provides-Extra") or ())):
            package = f"{ROOT}[{extra}]" if extra else str(ROOT)
            begun = time.monotonic()
            words = [str(python), *_PIP, "--dry-run", "--ignore-installed", package]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            versions = Counter(name for name, _ in set(_FETCHED.findall(done.stdout)))
            most = versions.most_common(1)[0] if versions else ("nothing", 0)
            took = time.monotonic() - begun
            print(f"pip {package}: {took:.0f} s, {len(versions)} packages, most tried {most}")
            failed |= done.returncode != 0 or most[1] > _MOST_VERSIONS
            print(done.stderr[-2000:], end="")
        subprocess.run([str(python), *_PIP, "--quiet", "uv"], check=True)
        for extra in ("", *(metadata("tierwise").get_all("Provides-Extra") or ())):
            begun = time.monotonic()
            words = [str(python), "-m", "uv", "pip", "compile", "--quiet", "--no-cache"]
            words += [*(["--extra", extra] if extra else []), str(ROOT / "setup.py")]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            took = time.monotonic() - begun
            print(f"uv [{extra}]: {took:.0f} s")
            failed |= done.returncode != 0 or took > _MOST_S
            print(done.stderr[-2000:], end="")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
