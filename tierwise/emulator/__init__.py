"""A small Gemini for the desk: Google's wire protocol, a bill, and faults on request.

It understands nothing: answers come from colours, edges and textures, and say that they are
emulated wherever they are shown. `server` serves in this process; importing it takes time.
"""

from __future__ import annotations

from tierwise.emulator.config import EmulatorConfig as EmulatorConfig
from tierwise.emulator.embedded import running_emulator as running_emulator
