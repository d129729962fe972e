"""What a setting must be because of another one.

The rules read the plain values of a file, so that each is told even when something else in the file is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from inspection.config.challenge import challenge_findings
from inspection.config.drift import drift_findings
from inspection.config.evidence import evidence_findings
from inspection.config.gate_rules import reactions, tracking, way_to_the_gate, without_power
from inspection.config.modbus_rules import blocks_apart, fast_enough
from inspection.config.problems import Problem, Source, child
from inspection.config.recipe_rules import descriptions_differ, phrasings_differ
from inspection.config.region import align_findings, region_findings, tiles_findings
from inspection.config.relay_rules import one_opening_one_part
from inspection.config.supervision import SupervisionConfig
from inspection.config.time_rules import enough_time, rate
from inspection.config.trigger_rules import trigger_fits_gate, watched_folder
from inspection.config.values import Finding, is_at_a_port, number_at, texts_at, travel_ms_of, twice, value_at


def line_problems(source: Source) -> Iterator[Problem]:
    """Problems between the settings of one line."""
    for rule in (
        trigger_fits_gate,
        watched_folder,
        way_to_the_gate,
        tracking,
        enough_time,
        rate,
        without_power,
        reactions,
        blocks_apart,
        fast_enough,
        _review,
        one_opening_one_part,
        _shifts_differ,
        _challenge,
        _disk_limits,
        evidence_findings,
        drift_findings,
    ):
        for path, text in rule(source):
            yield source.problem(path, text)


def recipe_problems(source: Source) -> Iterator[Problem]:
    """Problems between the settings of one recipe."""
    for rule in (descriptions_differ, phrasings_differ, region_findings, tiles_findings, align_findings):
        for path, text in rule(source):
            yield source.problem(path, text)


def _review(source: Source) -> Iterator[Finding]:
    """A band has a width, and a lane needs a gate."""
    review = value_at(source, "review")
    if child(review, "lane") is True:
        match value_at(source, "gate", "kind"):
            case "dry":
                text = "true does not go with a dry gate, which diverts nothing; write false, or remove it"
                yield ("review", "lane"), text
            case "relay":
                text = "true does not go with a relay, which opens one way and no other; write false, or remove it"
                yield ("review", "lane"), text
    if child(review, "below") == 0 and child(review, "above") in (None, 0):
        yield ("review", "below"), "0 leaves a band of no width; write more here or in above, or remove review"


def _challenge(source: Source) -> Iterator[Finding]:
    yield from challenge_findings(source, travel_ms_of(source) if is_at_a_port(source) else None)


def _shifts_differ(source: Source) -> Iterator[Finding]:
    for key in ("name", "start"):
        yield from twice(texts_at(source, "shifts", key), "is another shift's already; every shift has its own")


def _disk_limits(source: Source) -> Iterator[Finding]:
    low_mb, min_mb = (
        number_at(source, "supervision", key) or SupervisionConfig.model_fields[key].default
        for key in ("disk_low_mb", "disk_min_mb")
    )
    if low_mb <= min_mb:
        text = f"{low_mb:g} must be more than disk_min_mb, {min_mb:g}: the alarm comes before nothing passes"
        yield ("supervision", "disk_low_mb"), text
