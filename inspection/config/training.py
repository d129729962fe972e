"""How the bundled model is trained: a file such as `configs/models/parts.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import ValidationError

from inspection.config.explain import explain
from inspection.config.fields import Strict, limits, note
from inspection.config.problems import ConfigProblems, Problem, Source
from inspection.config.source import read_source
from inspection.config.values import Finding, value_at

PICTURES_A_SCENE = 4
"""A clean part and three defective siblings."""
MOST_SEED = 99_999
"""Each seed has a range of pictures of its own, all of them below those of exams and samples."""


class ReadingConfig(Strict):
    """What the text tower reads with its teacher before it sees any picture."""

    trade_phrases: Annotated[int, limits(1_000, 10_000_000, "phrases", "sentences about parts")]
    general_phrases: Annotated[int, limits(0, 10_000_000, "phrases", "phrases with any words in them")]
    translated_phrases: Annotated[int, limits(0, 10_000_000, "phrases", "German and French ones")]
    rounds: Annotated[int, limits(1, 1_000, "rounds", "how often each is read")]
    batch: Annotated[int, limits(8, 4_096, "phrases", "read at a step")]
    rate: Annotated[float, limits(1e-6, 0.1, "", "highest learning rate")]
    whole_words: Annotated[int, limits(1_000, 100_000, "words", "that have a place of their own in the vocabulary")]


class LookingConfig(Strict):
    """What the image tower is shown."""

    scenes: Annotated[int, limits(64, 10_000_000, "scenes", "rendered; a clean part and three defective siblings each")]
    pictures: Annotated[int, limits(1_000, 1_000_000_000, "pictures", "shown in all, each scene many times")]
    scenes_a_step: Annotated[int, limits(4, 1_024, "scenes", "shown at a step")]
    sentences_a_step: Annotated[int, limits(4, 4_096, "sentences", "that say of a picture what is on it")]
    state_sets: Annotated[int, limits(1, 16, "sets", "of one noun in every state, a step")]
    rate: Annotated[float, limits(1e-6, 0.1, "", "highest learning rate")]
    hard_families: Annotated[
        dict[str, Annotated[int, limits(2, 20, "times", "as often as the others")]],
        note("shown more often than others"),
    ] = {}  # noqa: RUF012
    exam_every: Annotated[int, limits(1_000, 1_000_000_000, "pictures", "between two exams, each with a checkpoint")]


class TrainingConfig(Strict):
    """A whole training."""

    seed: Annotated[int, limits(0, MOST_SEED, "", "of weights, pictures and sentences")]
    reading: ReadingConfig
    looking: LookingConfig


def load_training(path: Path) -> TrainingConfig:
    """Read the file. Raises ConfigError with all that is wrong in it, one a line."""
    problems: list[Problem] = []
    source = read_source(path, problems)
    if source is None:
        raise ConfigProblems(problems)
    return _made_of(source, problems)


def changed(config: TrainingConfig, *, share: float = 1, seed: int | None = None) -> TrainingConfig:
    """The same training shortened to a share of its pictures, and with another seed. Raises ConfigError."""
    data = config.model_dump()
    data["looking"]["pictures"] = int(share * config.looking.pictures)
    options = [f"--share {share:g}"] if share != 1 else []
    if seed is not None:
        data["seed"] = seed
        options.append(f"--seed {seed}")
    return _made_of(Source(Path(" ".join(options)), data, {(): 0}), [])


def _made_of(source: Source, problems: list[Problem]) -> TrainingConfig:
    config = None
    try:
        config = TrainingConfig.model_validate(source.data)
    except ValidationError as error:
        problems += explain(source, TrainingConfig, error)
    problems += [source.problem(path, text) for path, text in _between_settings(source)]
    if config is None or problems:
        raise ConfigProblems(problems)
    return config


def _between_settings(source: Source) -> Iterator[Finding]:
    """What a setting must be because of another one; told even when something else is wrong."""

    def whole(*path: str) -> int | None:
        value = value_at(source, *path)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

    read = [whole("reading", f"{kind}_phrases") for kind in ("trade", "general", "translated")]
    batch, phrases = whole("reading", "batch"), sum(count or 0 for count in read)
    if batch is not None and None not in read and batch > phrases:
        text = f"{batch} is more than there are; allowed up to the phrases of all three kinds, {phrases} (phrases)"
        yield ("reading", "batch"), text
    scenes, at_a_step = whole("looking", "scenes"), whole("looking", "scenes_a_step")
    if at_a_step is None:
        return
    if scenes is not None and at_a_step > scenes:
        text = f"{at_a_step} is more than there are; allowed up to looking.scenes, {scenes} (scenes)"
        yield ("looking", "scenes_a_step"), text
    shown, sentences = at_a_step * PICTURES_A_SCENE, whole("looking", "sentences_a_step")
    if sentences is not None and sentences > shown:
        why = f"a picture has one sentence, and {at_a_step} scenes have {shown} pictures"
        yield ("looking", "sentences_a_step"), f"{sentences} is too many: {why}; allowed up to {shown} (sentences)"
    pictures = whole("looking", "pictures")
    if pictures is not None and pictures < shown:
        text = f"{pictures} is less than a step: {at_a_step} scenes have {shown} pictures; write {shown} or more"
        yield ("looking", "pictures"), text
