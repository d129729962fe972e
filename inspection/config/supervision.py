"""What a running line watches of itself and of its machine: the key `supervision` of a line's file."""

from __future__ import annotations

from typing import Annotated

from inspection.config.fields import Strict, limits


class SupervisionConfig(Strict):
    """From when on something is an alarm; what is left out is watched as the default says."""

    no_part_s: Annotated[
        float | None, limits(1, 86_400, "s", "an alarm when no part has come for so long; left out: never")
    ] = None
    ack_silence_ms: Annotated[
        int, limits(200, 60_000, "ms", "nothing passes when commands have gone unacknowledged for so long")
    ] = 1000
    clock_step_s: Annotated[float, limits(0.1, 3_600, "s", "an alarm when the clock is set by more than this")] = 2.0
    disk_low_mb: Annotated[int, limits(1, 10_000_000, "MB", "an alarm when less is free for the data")] = 2000
    disk_min_mb: Annotated[int, limits(1, 10_000_000, "MB", "nothing passes when less is free for the data")] = 200
    memory_free_min_mb: Annotated[int, limits(0, 10_000_000, "MB", "an alarm when the machine has less left")] = 200
    memory_used_max_mb: Annotated[
        int | None, limits(100, 10_000_000, "MB", "an alarm when the station takes more; left out: any")
    ] = None
