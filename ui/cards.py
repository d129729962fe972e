"""The blocks of the Line page as HTML. Every text that comes from outside is escaped; `style.css` does the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from ui.words import Banner


@dataclass(frozen=True, slots=True)
class Shot:
    """One part as shown: `kind` is its verdict in lower case, `picture` a data URI."""

    kind: str
    title: str
    picture: str | None
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    value: str
    unit: str = ""
    note: str = ""
    name: str = ""
    alert: bool = False


def head(line: str, facts: Sequence[str | None], clock: str, others: Sequence[str]) -> str:
    """Where we are, on what, and when; and the way to the other lines."""
    told = "".join(f"<span>{escape(fact)}</span>" for fact in facts if fact)
    links = "".join(f'<a href="?line={quote(other)}" target="_self">{escape(other)}</a>' for other in others)
    return f'<header class="head"><h1>{escape(line)}</h1>{told}<nav>{links}</nav><time>{escape(clock)}</time></header>'


def banner(shown: Banner, alarms: Iterable[tuple[str, str]], tick: str) -> str:
    """The state of the line. `alarms` are text and what a person types to clear it.

    `tick` differs at every refresh. It restarts the animation that covers the page when refreshes stop coming:
    the browser itself then says that what it shows is old.
    """
    warnings = "".join(
        f'<div class="warning"><div><b>{escape(word)}</b><p>{escape(text)}</p></div></div>'
        for word, text in shown.warnings
    )
    listed = "".join(
        f'<li class="alarm"><p>{escape(text)}</p>'
        f"{f'<div>To clear it <code>{escape(command)}</code></div>' if command else ''}</li>"
        for text, command in alarms
    )
    return (
        f'<section class="banner"><div class="state {shown.face}" role="status"><i class="sign"></i>'
        f"<div><b>{escape(shown.word)}</b><p>{escape(shown.detail)}</p></div></div>{warnings}</section>"
        f"{f'<ul class=alarms>{listed}</ul>' if listed else ''}"
        f'<div class="frozen" data-tick="{escape(tick)}"><b>THIS SCREEN HAS STOPPED</b>'
        "<p>The dashboard does not answer. What stood here is old.</p></div>"
    )


def main(last: Shot | None, waiting: str, large: Sequence[Figure], small: Sequence[Figure]) -> str:
    """The last part beside the figures."""
    part = _last_part(last) if last else f'<div class="empty"><p>{escape(waiting)}</p></div>'
    return (
        f'<section class="main"><article class="card part">{part}</article><article class="card figures">'
        f'<div class="large">{"".join(map(_figure, large))}</div>'
        f'<div class="small">{"".join(map(_figure, small))}</div></article></section>'
    )


def gallery(shots: Sequence[Shot], summary: str, nothing: str) -> str:
    """The last rejects, newest first."""
    tiles = "".join(
        f"<figure>{_picture(shot)}<figcaption><b>{escape(shot.title)}</b>"
        f"{''.join(f'<span>{escape(line)}</span>' for line in shot.lines)}</figcaption></figure>"
        for shot in shots
    )
    body = f'<div class="tiles">{tiles}</div>' if shots else f'<div class="empty"><p>{escape(nothing)}</p></div>'
    return f'<article class="card gallery">{_heading("Last rejects", summary)}{body}</article>'


def chart_heading(title: str, kinds: dict[str, str]) -> str:
    legend = "".join(
        f'<span><i style="background:{colour}"></i>{escape(kind)}</span>' for kind, colour in kinds.items()
    )
    return f'<h2>{escape(title)}<small class="legend">{legend}</small></h2>'


def notice(title: str, text: str, command: str = "", links: Sequence[tuple[str, str]] = ()) -> str:
    """A whole page that has nothing else to say."""
    listed = "".join(f'<a href="?line={quote(line)}" target="_self">{escape(word)}</a>' for line, word in links)
    typed = f"<code>{escape(command)}</code>" if command else ""
    return f'<section class="notice"><h1>{escape(title)}</h1><p>{escape(text)}</p>{typed}<nav>{listed}</nav></section>'


def trouble(text: str) -> str:
    """In place of figures that cannot be had."""
    return f'<section class="card trouble"><b>No figures</b><p>{escape(text)}</p></section>'


def _last_part(shot: Shot) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in shot.lines)
    notes = "".join(f"<span>{escape(note)}</span>" for note in shot.notes)
    return (
        f'{_picture(shot)}<div class="told"><h2>Last part</h2>'
        f'<b class="verdict {escape(shot.kind)}"><i class="mark"></i>{escape(shot.title)}</b>'
        f"{lines}<footer>{notes}</footer></div>"
    )


def _picture(shot: Shot) -> str:
    inside = f'<img alt="" decoding="sync" src="{shot.picture}">' if shot.picture else "<span>No picture</span>"
    return f'<div class="picture {escape(shot.kind)}">{inside}<i class="mark"></i></div>'


def _figure(figure: Figure) -> str:
    unit = f"<small>{escape(figure.unit)}</small>" if figure.unit else ""
    return (
        f'<div class="figure{" alert" if figure.alert else ""}" data-name="{escape(figure.name)}">'
        f"<h2>{escape(figure.label)}</h2><b>{escape(figure.value)}{unit}</b><p>{escape(figure.note)}</p></div>"
    )


def _heading(title: str, summary: str) -> str:
    return f"<h2>{escape(title)}<small>{escape(summary)}</small></h2>"
