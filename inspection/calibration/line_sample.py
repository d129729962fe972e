"""A fair sample of the good parts that a line has judged, by what people said of them afterwards.

Which parts may set a threshold. A split-conformal threshold keeps its promise, a false-reject rate of α on average, if
the good parts that it is set on are a random draw of the good parts to come. Of the pictures that a line keeps most are
not: rejects and near misses are kept because of their score. A threshold set on all of them would be far too high: it
is their upper tail that is over-represented, so too few parts are rejected and defects escape. Set on the passed ones
alone it would be too low, as the good parts that were rejected are missing, and the promise is broken.

The share that is drawn by the part's number (`domain.draw`) is fair: it is drawn before the verdict and kept whatever
the verdict. What is good in it are the parts that passed, but for those that proved an escape, and those rejected,
held for review, or taken for no such part (`not-the-part`), that a person said are false rejects. So each of its
rejects must have a disposition: one that is left out is as likely as any to be a false reject with a high score. And
each must have its picture: what retention has taken went by verdict, and so by score. Both are refused here, not worked
around.

What stays outside:

- Other UNJUDGED parts. Causes that know nothing of the scores (no frame, too late to look at) leave out passes and
  rejects alike. Where a stop, a latched fault or a late verdict took a PASS away (`held_back`), rejects stayed rejects,
  so those that are left weigh too much, by 1/(1 − w) for the share w of passes that were held back; the threshold errs
  to the high side: false rejects stay below α, and of defects more escape. Above MOST_HELD_BACK it is refused.
- Monitor mode, where nothing passes and no escape can come back; golden parts, which are nobody's production.
- A second part with the same picture, byte for byte, is no new evidence. A camera's noise makes no two alike.

What it cannot know: escapes that nobody found are among the good ones. Where they score high, as defects do, the
threshold errs to the high side; a share ε of them that scored below all good parts would make α/(1 − ε) of α. An escape
needs time to come back: end the sample before that.

Defects are for the check of what escapes, never for the threshold. Most are known because the machine rejected them,
so "how many of them does it reject" would flatter it. Inside the sample the mixture is the line's own: all that it
caught, and the escapes that came to light, drawn at the same rate. A bound on escapes is given for those alone, and
holds if every escape of the sample came to light; those that did not are in no figure. Known defects beside the sample
are counted, without a bound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta

from inspection.domain.disposition import Disposition, DispositionKind
from inspection.domain.draw import is_drawn
from inspection.domain.errors import CalibrationError
from inspection.domain.types import Cause, PartId, VerdictKind

UNNAMED = "unnamed"
"""Defects of which nobody said what is wrong."""
NO_PART = "no part"
"""Frames without the part, or with another one: what people call them, and those of which nobody said what is wrong."""
MOST_HELD_BACK = 0.1
"""Of the parts that the scores alone would have let pass."""
_LISTED = 10


@dataclass(frozen=True, slots=True)
class LoggedPart:
    """What the log has of a part.

    `is_held_back`: it is UNJUDGED, and its scores alone would have let it pass. `is_monitored`: it has a shadow.
    `sha256`: of the picture that is kept of it; None where there is none any more. `scores`: of the frame, under the
    recipe and model of then.
    """

    part: PartId
    utc: datetime
    verdict: VerdictKind | None
    cause: str | None = None
    is_held_back: bool = False
    is_monitored: bool = False
    is_golden: bool = False
    is_closed: bool = True
    calibration_id: str | None = None
    sha256: str | None = None
    recipe_id: str | None = None
    model_id: str | None = None
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counts:
    """Parts that were drawn: first those of the sample, then those left out, by the first reason that holds."""

    passed: int = 0
    false_rejects: int = 0
    confirmed_defects: int = 0
    escapes: int = 0
    same_picture: int = 0
    held_back: int = 0
    unjudged: int = 0
    monitored: int = 0
    golden: int = 0
    on_the_belt: int = 0

    @property
    def left_out(self) -> Mapping[str, int]:
        """Those there are, by why."""
        first = [f.name for f in fields(self)].index("same_picture")
        return {f.name: getattr(self, f.name) for f in fields(self)[first:] if getattr(self, f.name)}


@dataclass(frozen=True, slots=True)
class LineSample:
    """`good`: a picture each. `defects`: by what is wrong with them; `beside`: the same of parts not drawn."""

    good: Sequence[LoggedPart]
    defects: Mapping[str, Sequence[LoggedPart]]
    beside: Mapping[str, Sequence[LoggedPart]]
    counts: Counts

    @property
    def parts(self) -> list[LoggedPart]:
        """The good ones, and every defect."""
        groups = (*self.defects.values(), *self.beside.values())
        return [*self.good, *(part for group in groups for part in group)]


def sample_of(parts: Iterable[LoggedPart], words: Mapping[PartId, Disposition], share: float, line: str) -> LineSample:
    """What may be learned from these parts (all of a time, or those drawn and those with a word) and the last word on
    each. Raises CalibrationError, saying what to do, where the sample would not be fair."""
    outside = list[LoggedPart]()
    judged = list[LoggedPart]()
    left_out = Counter[str]()
    for part in parts:
        why = _why_out(part)
        if not is_drawn(part.part, share):
            outside += [] if why or part.sha256 is None else [part]
        elif why:
            left_out[why] += 1
        else:
            judged.append(part)
    if not judged:
        raise CalibrationError(
            f"no part of line {line} in that time is of the {share:.2%} drawn by number and was judged"
            f"{_listed(left_out)}: take a longer time with --since, or let the line run"
        )
    _require_pictures(judged)
    _require_words(judged, words, line)
    passed = [p for p in judged if p.verdict is VerdictKind.PASS and p.part not in words]
    _require_few_held_back(left_out["held_back"], sum(p.verdict is VerdictKind.PASS for p in judged))
    false_rejects = [p for p in judged if p.part in words and _kind(p, words) is DispositionKind.FALSE_REJECT]
    defects = _by_defect(judged, words)
    _require_no_picture_on_both_sides([*passed, *false_rejects], defects)
    good = _once_a_picture([*passed, *false_rejects])
    different = {name: _once_a_picture(group) for name, group in defects.items()}
    found = Counter(_kind(p, words) for group in defects.values() for p in group)
    return LineSample(
        good=good,
        defects=different,
        beside={name: _once_a_picture(group) for name, group in _by_defect(outside, words).items()},
        counts=Counts(
            passed=len(passed),
            false_rejects=len(false_rejects),
            confirmed_defects=found[DispositionKind.CONFIRMED_DEFECT],
            escapes=found[DispositionKind.ESCAPE],
            same_picture=len(judged) - len(good) - sum(map(len, different.values())),
            **left_out,
        ),
    )


def _once_a_picture(parts: Iterable[LoggedPart]) -> list[LoggedPart]:
    """In order of their numbers, of those with the same picture the first."""
    different: dict[str, LoggedPart] = {}
    for part in sorted(parts, key=lambda each: each.part):
        different.setdefault(str(part.sha256), part)
    return list(different.values())


def _why_out(part: LoggedPart) -> str | None:
    """Why a part is not of the sample whatever it is, by the name of its count."""
    if part.is_golden:
        return "golden"
    if part.verdict is None or not part.is_closed:
        return "on_the_belt"
    if part.is_monitored or part.cause == Cause.MONITOR:
        return "monitored"
    if part.verdict is VerdictKind.UNJUDGED and part.cause != Cause.NOT_THE_PART:
        return "held_back" if part.is_held_back else "unjudged"
    return None


def _kind(part: LoggedPart, words: Mapping[PartId, Disposition]) -> DispositionKind:
    return words[part.part].kind


def _by_defect(parts: Iterable[LoggedPart], words: Mapping[PartId, Disposition]) -> dict[str, list[LoggedPart]]:
    groups: dict[str, list[LoggedPart]] = {}
    for part in parts:
        if part.part in words and _kind(part, words) is not DispositionKind.FALSE_REJECT:
            unsaid = NO_PART if part.cause == Cause.NOT_THE_PART else UNNAMED
            groups.setdefault(words[part.part].defect or unsaid, []).append(part)
    return dict(sorted(groups.items()))


def _require_pictures(judged: Sequence[LoggedPart]) -> None:
    without = [part for part in judged if part.sha256 is None]
    if not without:
        return
    kinds = Counter(part.verdict for part in without)
    last = max(without, key=lambda part: part.utc)
    after = (last.utc + timedelta(seconds=1)).replace(microsecond=0)
    later = sum(part.utc >= after for part in judged)
    raise CalibrationError(
        f"{len(without)} of the {len(judged)} parts of the sample have no picture, or none with a hash on record"
        f" ({', '.join(f'{kind} {number}' for kind, number in kinds.items() if kind)}): retention has taken it, the"
        " line kept a smaller share then, or it was never written. Which are gone hangs on the verdict, so the rest is"
        f" no fair sample. The last of them is part {last.part}, of {last.utc:%Y-%m-%d %H:%M:%S} UTC: take the"
        f" {later} later ones with --since {after:%Y-%m-%dT%H:%M:%SZ}, or a smaller --share"
    )


def _require_words(judged: Sequence[LoggedPart], words: Mapping[PartId, Disposition], line: str) -> None:
    waiting = [part for part in judged if part.verdict is not VerdictKind.PASS and part.part not in words]
    if not waiting:
        return
    named = ", ".join(str(part.part) for part in waiting[:_LISTED])
    more = f" and {len(waiting) - _LISTED} more" if len(waiting) > _LISTED else ""
    raise CalibrationError(
        f"{len(waiting)} of the {len(judged)} parts of the sample were rejected, held for review or taken for no such"
        f" part, and nobody has said what they are: {named}{more}. Without the false rejects among them more good parts"
        f" would be rejected than promised. Look at each, then: inspection disposition {line} {waiting[0].part}"
        f" {DispositionKind.FALSE_REJECT}|{DispositionKind.CONFIRMED_DEFECT} --by NAME; or take fewer parts with"
        " --since, --until or a smaller --share"
    )


def _require_few_held_back(held_back: int, passed: int) -> None:
    if held_back > MOST_HELD_BACK * (held_back + passed):
        raise CalibrationError(
            f"{held_back} parts of the sample would have passed and were held back by a stop, a fault or a late"
            f" verdict, beside {passed} that passed: rejects of that time would weigh too much. Take a time in which"
            " the line ran, with --since and --until"
        )


def _require_no_picture_on_both_sides(good: Sequence[LoggedPart], defects: Mapping[str, Sequence[LoggedPart]]) -> None:
    bad = {part.sha256: part for group in defects.values() for part in group}
    both = next(((part, bad[part.sha256]) for part in good if part.sha256 in bad), None)
    if both:
        raise CalibrationError(
            f"parts {both[0].part} and {both[1].part} have the same picture, and one counts as good, the other as a"
            " defect: say of both what they are with 'inspection disposition'"
        )


def _listed(left_out: Mapping[str, int]) -> str:
    told = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in left_out.items())
    return f" (left out: {told})" if told else ""
