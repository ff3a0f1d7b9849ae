"""`tierwise emulator`: serve the local Gemini emulator until interrupted."""

from __future__ import annotations

from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.server import serve


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Listen, print the address, and answer."""
    del beam_flags  # the command line refuses them for this verb
    serve(
        EmulatorConfig(
            port=settings.port,
            latency_ms=settings.latency_ms,
            faults=settings.faults or "",
            knows=settings.knows or "",
            prices=settings.prices or "",
            sees=settings.sees,
            errors_at_random=settings.errors_at_random,
            errors_where_unclear=settings.errors_where_unclear,
            interference=settings.interference,
            batch_delay_s=settings.batch_delay_s,
            batch_enqueued_tokens=settings.batch_enqueued_tokens,
            bucket=settings.bucket or "",
        )
    )
    return 0
