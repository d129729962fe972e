"""A report as one page: its head and what it says first, over the sections that show it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from inspection import __version__
from inspection.cli._picture_report import STYLE

_REPORT_STYLE = Path(__file__).with_name("calibration_report.css")


def page(
    sections: Iterable[str],
    *,
    title: str,
    heading: str,
    told: Iterable[str],
    made: str,
    notes: str = "",
    styles: Iterable[Path] = (),
) -> str:
    """HTML that fetches nothing. `sections` and `notes` are HTML, what else is told is text; `made`: when, and of what;
    `styles`: its own beside those of all reports."""
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in (STYLE, _REPORT_STYLE, *styles))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body><header>"
        f"<h1>{escape(heading)}</h1><div class=promise>{''.join(f'<p>{escape(line)}</p>' for line in told)}</div>"
        f"{notes}<p class=made>{escape(made)}, inspection {__version__}</p></header><main class=report>\n"
        f"{''.join(sections)}</main></body></html>\n"
    )
