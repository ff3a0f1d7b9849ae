"""All of them: `python -m bench.guarantee`. Seeded; the same tables each time."""

from __future__ import annotations

from bench.guarantee import looks, orders, packs, reach, units

if __name__ == "__main__":
    for one in (reach, units, looks, orders, packs):
        one.main()
