"""What the line's settings ask of its gate controller, held against what the controller says that it has."""

from __future__ import annotations

from collections.abc import Mapping

from inspection.domain.ports import Attached
from inspection.domain.types import Capability
from inspection.station.watcher import Watcher


class Demands(Watcher):
    """Refuses a controller that lacks what the line's settings count on."""

    def __init__(self, demands: Mapping[Capability, str]) -> None:
        """`demands`: what it must have, and the setting that asks for it."""
        self._demands = demands

    def attached(self, attached: Attached) -> str | None:
        lacking = [
            f"{setting} needs a controller with {_a(capability)}, and this one says that it has none"
            for capability, setting in self._demands.items()
            if capability not in attached.capabilities
        ]
        if not lacking:
            return None
        return f"{'; '.join(lacking)}. Wire and set up the controller, or change the line's settings."


def _a(capability: Capability) -> str:
    return f"{'an' if capability.value[0] in 'aeiou' else 'a'} {capability.value}"
