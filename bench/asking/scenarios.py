"""What is measured: ways of asking, and what the service does to them."""

from __future__ import annotations

from dataclasses import dataclass

from bench.asking.stub import Behaviour


@dataclass(frozen=True, slots=True)
class Scenario:
    """Pictures, requests in flight, pictures per request, and how the stub answers."""

    name: str
    behaviour: Behaviour = Behaviour()
    pictures: int = 2000
    in_flight: int = 64
    pack: int = 1
    timeout_s: float = 120.0


SCENARIOS = (
    Scenario("64 in flight"),
    Scenario("128 in flight", in_flight=128),
    Scenario("fixed 800 ms", Behaviour(sigma=0.0)),
    Scenario("2 % of 503", Behaviour(unavailable=0.02), pictures=1000),
    Scenario("20 % of 503", Behaviour(unavailable=0.2), pictures=1000),
    Scenario("40 per second", Behaviour(per_second=40), pictures=1000),
    Scenario("40 per second, by the clock", Behaviour(per_second=40, quota="fixed"), pictures=1000),
    Scenario("40 per second, bucket", Behaviour(per_second=40, quota="bucket"), pictures=1000),
    Scenario("2 % hang", Behaviour(hang=0.02), pictures=1000, timeout_s=8.0),
    Scenario("8 per request", pack=8),
    Scenario("start", Behaviour(), pictures=200),
)
