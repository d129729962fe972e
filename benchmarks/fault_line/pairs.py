"""Two faults at once: what comes together in a hall, and what would cover up for each other."""

from __future__ import annotations

from benchmarks.fault_line.fault import Fault
from benchmarks.fault_line.faults import SINGLE

_NAMES = [
    ("no picture in time", "unplugged"),
    ("no picture in time", "nothing can be written"),
    ("each picture takes 250 ms", "80 ms late"),
    ("the camera hangs for 0.8 s", "killed, back at once"),
    ("the camera's cable is out", "restarts"),
    ("dark", "after a verdict is journaled, before it is sent"),
    ("the same picture again and again", "frames change places"),
    ("the model raises an error", "verdicts cannot be written"),
    ("the model takes 290 ms", "4 of 10 frames are lost"),
    ("the model hangs for 0.6 s", "restarts"),
    ("the model gives NaN", "pictures cannot be written"),
    ("4 of 10 frames are lost", "after a verdict is sent"),
    ("4 of 10 frames are damaged", "killed, back at once"),
    ("every frame comes twice", "frames change places"),
    ("every frame comes twice", "before an outcome is confirmed"),
    ("no acknowledgement comes through", "restarts"),
    ("no outcome comes through for 3 s", "killed, back after 3 s"),
    ("no outcome comes through for 3 s", "every commit fails"),
    ("400 ms late", "two stations on one controller"),
    ("dead both ways", "nothing can be written"),
    ("unplugged", "killed, back after 3 s"),
    ("unplugged and plugged in at once", "outcomes cannot be written"),
    ("the station hears itself", "noise between the frames"),
    ("restarts", "no epoch can be begun"),
    ("restarts five times", "killed, back after 3 s"),
    ("restarts", "after the controller is told to start"),
    ("is replaced by a spare", "triggers cannot be written"),
    ("stands still for 0.5 s", "frames change places"),
    ("two stations on one controller", "the file system has gone read-only"),
    ("bounces", "no trigger comes through"),
    ("counts each part twice", "4 of 10 frames are lost"),
    ("parts touch each other", "the model takes 290 ms"),
    ("disagrees once", "events cannot be written"),
    ("disagrees always", "outcomes cannot be written"),
    ("disagrees once", "after an outcome is journaled"),
    ("an hour back", "after rows are marked for a log file"),
    ("a day forward", "the log cannot be written"),
    ("back to 2000: an empty battery", "killed, back at once"),
    ("the log cannot be written", "after a trigger is journaled"),
    ("another program holds the journal", "unplugged and plugged in at once"),
    ("stopped and started", "no confirmation comes through"),
    ("killed while it stops", "restarts"),
    ("a part is taken off by hand", "killed, back at once"),
    ("a part is put on behind the part sensor", "dead for 100 ms"),
    ("every part is doubtful", "unplugged and plugged in at once"),
    ("pauses the line", "no outcome comes through for 0.6 s"),
    ("air is low", "nothing can be written"),
    ("air is low", "disagrees once"),
    ("the emergency stop is pressed", "an hour back"),
    ("counts backwards", "killed, back at once"),
]


def pairs() -> list[tuple[Fault, Fault]]:
    """Each pair that is named above."""
    by_name = {fault.name: fault for fault in SINGLE}
    return [(by_name[one], by_name[other]) for one, other in _NAMES]
