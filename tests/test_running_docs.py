"""What the guides, the units and the container file tell people to type is what the command line takes."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from inspection import resources
from inspection.cli.main import app
from inspection.config import load_site
from inspection.config.line import SerialGateConfig

CHECKOUT = Path(__file__).parent.parent
DEPLOY = CHECKOUT / "docs" / "deploy"
GUIDES = (CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md")))
SEPARATORS = ("&&", "||", "|", ";", "&")
WRONG_USE = typer.BadParameter.__bases__[0]
UNITS = ("inspection@.service", "inspection-dashboard.service")


def typed(guide: Path) -> Iterator[list[str]]:
    """Commands of ours in a guide, as words: those of its blocks, fenced or indented, and those in the text as code."""
    text = guide.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    lines += re.findall(r"^    (inspection .*)", text, re.MULTILINE)
    lines += [code for code in re.findall(r"`(inspection [^`\n]+)`", text) if "…" not in code and "|" not in code]
    for line in lines:
        yield from ours(line)


def ours(line: str) -> Iterator[list[str]]:
    """`inspection …` wherever it stands as a command in a line of the shell."""
    words = shlex.split(line, comments=True)
    for start, word in enumerate(words):
        begins = start == 0 or words[start - 1] in SEPARATORS
        in_container = words[:2] == ["docker", "run"]  # the image's name: `inspection` is what it runs
        if word.endswith("/bin/inspection") or (word == "inspection" and (begins or in_container)):
            follows = words[start + 1 :]
            yield follows[: next((i for i, each in enumerate(follows) if each in SEPARATORS), len(follows))]


def parse(words: list[str]) -> None:
    """Raises WRONG_USE if the command line would not take these words. Nothing is run.

    A command without its arguments is how a text speaks of it.
    """
    command: Any = typer.main.get_command(app)
    context = None
    while hasattr(command, "commands"):
        context = command.context_class(command, info_name=command.name, parent=context)
        if not words:
            return
        name, *words = words
        if name not in command.commands:
            raise typer.BadParameter(f"no such command: {name}")
        command = command.commands[name]
    if words:
        command.make_context(command.name, words, parent=context)


COMMANDS = [(guide.name, words) for guide in GUIDES for words in typed(guide)]


@pytest.mark.parametrize(("guide", "words"), COMMANDS, ids=[f"{name}: {' '.join(words)}" for name, words in COMMANDS])
def test_every_command_of_the_guides_is_taken(guide: str, words: list[str]) -> None:
    parse(words)


@pytest.mark.parametrize("guide", ["README.md", "running.md", "log.md", "evaluate.md", "models.md", "render.md"])
def test_each_guide_has_commands_that_are_found(guide: str) -> None:
    assert any(name == guide and len(words) > 2 for name, words in COMMANDS)


def test_the_guides_commands_are_found_and_a_wrong_one_is_seen() -> None:
    told = [" ".join(words) for name, words in COMMANDS if name == "running.md"]
    assert len(told) > 15
    for begin in (
        "check",
        "calibrate",
        "doctor",
        "run my-line",
        "log backup",
        "log verify",
        "acknowledge",
        "log events",
    ):
        assert any(words.startswith(begin) for words in told), begin
    for wrong in (
        "run my-line --log-fromat json",
        "log backup my-line",
        "restore my-line",
        "run my-line --log-level x",
    ):
        with pytest.raises(WRONG_USE):
            parse(wrong.split())


def test_after_the_installation_the_configuration_is_of_one_line_without_thresholds(tmp_path: Path) -> None:
    """The guide's own steps on configuration files, in another folder."""
    text = (CHECKOUT / "docs" / "running.md").read_text(encoding="utf-8")
    steps = [line.split()[1:] for line in text.splitlines() if re.match(r"sudo (cp|mv|rm) .*/etc/inspection", line)]
    assert [step[0] for step in steps] == ["cp", "mv", "rm"]
    site = tmp_path / "site"
    site.mkdir()
    for step in steps:
        words = [word.replace("/etc/inspection", str(site)) for word in step]
        assert all(word.startswith((str(site), "-", "configs/")) for word in words[1:])
        subprocess.run(words, cwd=CHECKOUT, check=True)
    assert list(load_site(site).lines) == ["my-line"]
    assert not list(site.rglob("*.json"))


def unit(name: str) -> dict[str, list[str]]:
    """[Service] of a unit; a key may be there several times."""
    settings: dict[str, list[str]] = {}
    section = ""
    for line in (DEPLOY / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif line and not line.startswith("#") and section == "[Service]":
            key, value = line.split("=", 1)
            settings.setdefault(key, []).append(value)
    return settings


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_runs_a_command_that_there_is_as_a_user_of_its_own(name: str) -> None:
    service = unit(name)
    (start,) = service["ExecStart"]
    ((*words,),) = ours(start.replace("%i", "my-line"))
    parse(words)
    assert service["User"] == ["inspection"]
    assert service["Restart"] == ["on-failure"]
    assert service["KillSignal"] == ["SIGTERM"]
    assert service["StateDirectory"] == ["inspection"]
    told = dict(setting.split("=", 1) for line in service["Environment"] for setting in line.split())
    resources.check_environment(told)
    assert told["INSPECTION_DATA_DIR"] == "/var/lib/inspection"


def test_the_lines_unit_waits_for_the_belt_and_lets_it_have_its_devices() -> None:
    service = unit("inspection@.service")
    gate = SerialGateConfig.model_fields["delay_ms"].metadata
    longest_s = max(float(limit.le) for limit in gate if getattr(limit, "le", None)) / 1000
    assert float(service["TimeoutStopSec"][0]) > longest_s + 30
    assert "PrivateDevices" not in service
    assert {"char-ttyUSB rw", "char-ttyACM rw", "char-video4linux rw"} <= set(service["DeviceAllow"])
    assert "dialout" in service["SupplementaryGroups"][0].split()
    assert "StandardError" not in service  # the journal has it
    assert service["RestartPreventExitStatus"] == ["2"]


def test_the_container_runs_as_nobody_of_note_and_installs_without_a_network() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    last = text.split("FROM ")[-1]
    assert re.search(r"^USER inspection$", last, re.MULTILINE)
    assert re.search(r"^STOPSIGNAL SIGTERM$", last, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", last, re.MULTILINE)
    for line in (line for line in text.replace("\\\n", "").splitlines() if "pip install" in line):
        assert "--no-index" in line
    told = dict(re.findall(r"(INSPECTION_\w+)=(\S+)", last))
    resources.check_environment(told)
    assert all(folder in last.split("VOLUME", 1)[1].splitlines()[0] for folder in told.values())


def test_first_aid_quotes_messages_as_they_are() -> None:
    """The part of each message that does not change is somewhere in the program."""
    text = (CHECKOUT / "docs" / "running.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|", text.split("## First aid")[1], re.MULTILINE)
    assert len(rows) > 6
    source = "".join(path.read_text(encoding="utf-8") for path in (CHECKOUT / "inspection").rglob("*.py"))
    for quoted in rows:
        told = re.sub(r"my-line|123|3-(?:1[78]|900017)|/dev/\S+|last 3|unjudged|torch float32 cpu|…", "\0", quoted)
        for piece in filter(None, (piece.strip() for piece in told.split("\0"))):
            assert piece in source, f"{quoted!r}: {piece!r} is said nowhere"
