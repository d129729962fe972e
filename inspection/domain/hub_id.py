"""How a checkpoint of the hub is called: `owner/name`, and `owner/name@revision` where it is not the main one."""

from __future__ import annotations

import re

_WORD = r"\w(?:[\w.-]{0,94}\w)?"
_HUB_ID = re.compile(
    rf"(?!.*\.\.)(?![^@]*(?:--|\.git(?:@|$))){_WORD}/{_WORD}(?:@\w(?:[\w./-]*\w)?)?", re.ASCII
)  # as the hub has it: it keeps owner--name as a folder's name
_RULE = "letters, digits, - . and _, beginning and ending with a letter, a digit or _, without -- or .."


def is_hub_id(text: str) -> bool:
    """Whether `text` can be an id of the hub, with or without a revision."""
    return _HUB_ID.fullmatch(text) is not None


def not_a_hub_id(text: str) -> str:
    """What to say of one that cannot."""
    return f"model {text}: that is no id of the hub, which is owner/name or owner/name@revision ({_RULE})"
