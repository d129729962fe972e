"""Words that messages share: of verdicts, how a name that nobody knows is answered, and how things are counted."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

VERDICTS = {"PASS": "Pass", "REJECT": "Reject", "REVIEW": "To review", "UNJUDGED": "Not judged"}
"""What a person reads for each kind of verdict."""


def did_you_mean(word: str, known: Iterable[str], prefix: str = "") -> str:
    """`did you mean "power"?`, or an empty text when nothing is near. A `prefix` that all share does not make near."""
    by_folded = {name.removeprefix(prefix).casefold(): name for name in known}
    near = get_close_matches(word.removeprefix(prefix).casefold(), by_folded, n=2, cutoff=0.6)
    quoted = [f'"{by_folded[name]}"' for name in near]
    return f"did you mean {' or '.join(quoted)}?" if near else ""


def unknown_name(word: str, known: Iterable[str], prefix: str = "") -> str:
    """Near misses, then every known name: the tail of a message about `word`."""
    names = sorted(known)
    listed = f"known: {', '.join(names)}" if names else "there is none"
    return f"{did_you_mean(word, names, prefix)} {listed}".lstrip()


def counted(number: int, what: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{number:,} {what if number == 1 else what + 's'}"
