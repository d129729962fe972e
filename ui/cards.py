"""The blocks of the Line page as HTML. Every text that comes from outside is escaped; `style.css` does the rest.

Each block is an element of its own: one whose text did not change is not touched by the browser, so that pictures
that stay do not flicker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from ui.charts import Bar
from ui.words import Banner, Task

_LONG_WORD = 9  # characters: beyond that the state is set smaller,
_LONG_DETAIL = 200  # so that this fits under it


@dataclass(frozen=True, slots=True)
class Shot:
    """One part as shown: `kind` is its verdict in lower case (or `near`), `picture` a data URI."""

    kind: str
    title: str
    picture: str | None
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """`note` is the count behind the value. `spark`: the last minutes, drawn beside it."""

    label: str
    value: str
    unit: str = ""
    note: str = ""
    name: str = ""
    alert: bool = False
    spark: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures of one kind, and what is said where there are none."""

    title: str
    summary: str
    shots: Sequence[Shot]
    nothing: str


def head(line: str, facts: Mapping[str, str | None], others: Sequence[str], *, kiosk: bool) -> str:
    """Where we are and on what (`facts` by name); and the way to the other lines, but for a kiosk."""
    told = "".join(f'<span class="{name}">{escape(fact)}</span>' for name, fact in facts.items() if fact)
    ways = [(f"?line={quote(other)}", other) for other in others] + [(f"?line={quote(line)}&kiosk=1", "Kiosk")]
    links = "".join(f'<a href="{escape(where)}" target="_self">{escape(word)}</a>' for where, word in ways)
    return f'<header class="head"><h1>{escape(line)}</h1>{told}<nav>{"" if kiosk else links}</nav></header>'


def tick(clock: str, moment: str) -> str:
    """The time, and what covers the page when refreshes stop coming.

    `moment` differs at every refresh and restarts that animation: the browser itself then says that what it shows
    is old.
    """
    return (
        f'<time class="clock">{escape(clock)}</time><div class="frozen" data-tick="{escape(moment)}">'
        "<b>THIS SCREEN HAS STOPPED</b><p>The dashboard does not answer. What stood here is old.</p></div>"
    )


def kiosk() -> str:
    """For a screen that nobody sits at: no scrollbars, and no cursor while it is not moved."""
    return (
        '<i class="kiosk"></i><script>{let still; const wake = () => {document.body.classList.remove("still");'
        'clearTimeout(still); still = setTimeout(() => document.body.classList.add("still"), 3000)};'
        'window.addEventListener("mousemove", wake); wake()}</script>'
    )


def banner(shown: Banner, tasks: Sequence[Task]) -> str:
    """The state of the line, what limits it, and what to do."""
    warnings = "".join(
        f'<div class="warning"><div><b>{escape(word)}</b><p>{escape(text)}</p></div></div>'
        for word, text in shown.warnings
    )
    listed = f'<ul class="alarms">{"".join(map(_alarm, tasks))}</ul>' if tasks else ""
    length = " long" if len(shown.word) > _LONG_WORD else " wordy" if len(shown.detail) > _LONG_DETAIL else ""
    return (
        f'<section class="banner"><div class="state {shown.face}{length}" role="status"><i class="sign"></i>'
        f"<div><b>{escape(shown.word)}</b><p>{escape(shown.detail)}</p></div></div>{warnings}</section>{listed}"
    )


def _alarm(task: Task) -> str:
    todo = f"<span>{escape(task.todo)}</span>" if task.todo else ""
    command = f"<code>{escape(task.command)}</code>" if task.command else ""
    text = f"<p>{escape(task.text)}</p>" if task.text else ""
    return f'<li class="alarm"><div>{text}<div class="todo">{todo}{command}</div></div></li>'


def figures(large: Sequence[Figure], small: Sequence[Figure]) -> str:
    """The yields, and below them the rest."""
    return (
        f'<article class="card figures"><div class="large">{"".join(map(_figure, large))}</div>'
        f'<div class="small">{"".join(map(_figure, small))}</div></article>'
    )


def last_part(shot: Shot | None, waiting: str) -> str:
    if shot is None:
        return f'<article class="card part"><div class="empty"><p>{escape(waiting)}</p></div></article>'
    lines = "".join(f"<p>{escape(line)}</p>" for line in shot.lines)
    notes = "".join(f"<span>{escape(note)}</span>" for note in shot.notes)
    return (
        f'<article class="card part {escape(shot.kind)}">{_picture(shot)}<i class="mark"></i>'
        f'<div class="told"><b class="verdict">{escape(shot.title)}</b>{lines}<footer>{notes}</footer></div></article>'
    )


def gallery(groups: Sequence[Group]) -> str:
    """The last rejects, newest first, and beside them the near misses, or what a person is to look at."""
    return f'<article class="card gallery">{"".join(map(_group, groups))}</article>'


def _group(group: Group) -> str:
    tiles = "".join(
        f"<figure>{_picture(shot)}<figcaption><b>{escape(shot.title)}</b>"
        f"{''.join(f'<span>{escape(line)}</span>' for line in shot.lines)}</figcaption></figure>"
        for shot in group.shots
    )
    body = f'<div class="tiles">{tiles}</div>' if tiles else f'<div class="empty"><p>{escape(group.nothing)}</p></div>'
    return f"<section>{_heading(group.title, group.summary)}{body}</section>"


def pareto(title: str, summary: str, bars: Sequence[Bar], nothing: str, unjudged: str) -> str:
    """Rejects by description, most first, each with its count and the share of it and all above; and the unjudged."""
    rows = "".join(
        f'<li><span>{escape(bar.name)}</span><i style="width:{bar.length:.1%}"></i>'
        f"<b>{bar.count:,}</b><small>{bar.cumulative:.0%}</small></li>"
        for bar in bars
    )
    body = f"<ol>{rows}</ol>" if rows else f'<div class="empty"><p>{escape(nothing)}</p></div>'
    told = f"<footer><b>Not judged</b> {escape(unjudged)}</footer>" if unjudged else ""
    return f'<article class="card pareto">{_heading(title, summary)}{body}{told}</article>'


def notice(title: str, text: str, command: str = "", links: Sequence[tuple[str, str]] = ()) -> str:
    """A whole page that has nothing else to say."""
    listed = "".join(f'<a href="?line={quote(line)}" target="_self">{escape(word)}</a>' for line, word in links)
    typed = f"<code>{escape(command)}</code>" if command else ""
    return f'<section class="notice"><h1>{escape(title)}</h1><p>{escape(text)}</p>{typed}<nav>{listed}</nav></section>'


def trouble(title: str, text: str) -> str:
    """In place of figures that cannot be had."""
    return f'<section class="card trouble"><b>{escape(title)}</b><p>{escape(text)}</p></section>'


def _picture(shot: Shot) -> str:
    inside = f'<img alt="" decoding="sync" src="{shot.picture}">' if shot.picture else "<span>No picture</span>"
    return f'<div class="picture {escape(shot.kind)}">{inside}<i class="mark"></i></div>'


def _figure(figure: Figure) -> str:
    unit = f"<small>{escape(figure.unit)}</small>" if figure.unit else ""
    most = max(figure.spark, default=0) or 1
    bars = "".join(f'<i style="height:{count / most:.0%}"></i>' for count in figure.spark)
    spark = f'<span class="spark">{bars}</span>' if figure.spark else ""
    return (
        f'<div class="figure{" alert" if figure.alert else ""}" data-name="{escape(figure.name)}">'
        f"<h2>{escape(figure.label)}</h2><b>{escape(figure.value)}{unit}</b>{spark}<p>{escape(figure.note)}</p></div>"
    )


def _heading(title: str, summary: str) -> str:
    return f"<h2>{escape(title)}<small>{escape(summary)}</small></h2>"
