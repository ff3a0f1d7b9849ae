"""Dollars and hours of a million pictures, by the share that is asked: the model of bench.scale.

python -m bench.local_answers.scale
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bench.scale import figures as known
from bench.scale.__main__ import duration, usd
from bench.scale.model import Archive, Asking, Cluster, estimate, processes_for_quota

PICTURES, LOOK_MS = 1_000_000, 10.0
# The dear way: one picture a request at high, standard tier, 1,120 tokens of picture.
DEAR = Asking(1, 4.0, 1_300, Decimal("0.0011"))
WAYS = {"cheap": Asking(), "dear": DEAR}
SHARES = (1.0, 0.56, 0.33, 0.16, 0.05)


def report() -> None:
    """Print a line per share and way: at the quota, and with as many workers as use it."""
    for way, asking in WAYS.items():
        for share in SHARES:
            archive = Archive(PICTURES, asked=share, look_ms=LOOK_MS if share < 1 else 0.0)
            alone = Cluster(1)
            workers = processes_for_quota(archive, asking, alone)
            found = estimate(archive, asking, replace(alone, processes=workers))
            same = estimate(archive, asking, Cluster(26))
            money = found.usd["Gemini"] + found.usd["workers"]
            print(
                f"{way:6} asked {share:4.0%}: {usd(money):>7}, Gemini {usd(found.usd['Gemini'])}; "
                f"{duration(found.asking_s)} with {workers} workers, "
                f"{duration(same.asking_s)} with 26"
            )


if __name__ == "__main__":
    print(f"quota {known.PACKED_TOKENS.value:.0f} tokens a picture where packed")
    report()
