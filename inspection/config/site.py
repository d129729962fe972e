"""A site's configuration: every line and recipe below one directory, loaded once, refused as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import ValidationError

from inspection import resources
from inspection.config.challenge import descriptions_known
from inspection.config.explain import explain
from inspection.config.fields import NAME_MAX, NAME_PATTERN, NAME_RULE
from inspection.config.line import LineConfig
from inspection.config.ports import is_port, same_port_key
from inspection.config.problems import ConfigProblems, Problem, Source, in_words, shown
from inspection.config.recipe import RecipeConfig
from inspection.config.rules import line_problems, recipe_problems
from inspection.config.source import read_source
from inspection.config.values import value_at
from inspection.domain.errors import ConfigError
from inspection.wording import unknown_name

_Model = TypeVar("_Model", LineConfig, RecipeConfig)


@dataclass(frozen=True, slots=True)
class Site:
    """All lines and recipes of one directory, by name; the recipes also as their files have them."""

    config_dir: Path
    lines: Mapping[str, LineConfig]
    recipes: Mapping[str, RecipeConfig]
    recipe_files: Mapping[str, Source]

    def line(self, name: str) -> LineConfig:
        """Raises ConfigError naming the lines that there are."""
        if name not in self.lines:
            raise ConfigError(
                f'there is no line "{name}" in {shown(self.config_dir)}; {unknown_name(name, self.lines)}'
            )
        return self.lines[name]

    def recipe(self, name: str) -> RecipeConfig:
        """Raises ConfigError naming the recipes that there are."""
        if name not in self.recipes:
            raise ConfigError(
                f'there is no recipe "{name}" in {shown(self.config_dir)}; {unknown_name(name, self.recipes)}'
            )
        return self.recipes[name]


def load_site(config_dir: Path, samples_dir: Path | None = None) -> Site:
    """Every line and recipe below `config_dir`. `samples_dir` is what `samples:` stands for; by default our own.

    Raises ConfigError with all problems of all files, one a line, each with its file and line number.
    """
    config_dir = config_dir.absolute()
    problems: list[Problem] = []
    if not config_dir.is_dir():
        text = "is not a directory; name one with lines/ and recipes/, by --config-dir or INSPECTION_CONFIG_DIR"
        raise ConfigProblems([Problem(shown(config_dir), 0, "", text)])
    line_sources = list(_sources(config_dir / "lines", problems))
    recipe_sources = list(_sources(config_dir / "recipes", problems))
    if not line_sources and not problems:
        problems.append(Problem(shown(config_dir / "lines"), 0, "", "there is no line; write lines/<name>.yaml"))
    samples = samples_dir or resources.samples_dir()
    lines = _models(LineConfig, line_problems, line_sources, samples, problems)
    recipes = _models(RecipeConfig, recipe_problems, recipe_sources, samples, problems)
    problems += _one_line_a_port(line_sources)
    problems += _one_line_a_folder(lines, line_sources)
    problems += _recipe_files(line_sources, config_dir / "recipes")
    problems += descriptions_known(line_sources, lambda name: _descriptions_of(recipes.get(name)))
    if problems:
        raise ConfigProblems(problems)
    recipe_files = {source.name: source for source in recipe_sources}
    return Site(config_dir, MappingProxyType(lines), MappingProxyType(recipes), MappingProxyType(recipe_files))


def _descriptions_of(recipe: RecipeConfig | None) -> list[str] | None:
    return None if recipe is None else [description.name for description in recipe.descriptions]


def _sources(folder: Path, problems: list[Problem]) -> Iterator[Source]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith("."):
            continue
        if path.suffix != ".yaml":
            if path.suffix.lower() in (".yaml", ".yml"):
                problems.append(Problem(shown(path), 0, "", f"would not be read; rename it to {path.stem}.yaml"))
            continue
        if len(path.stem) > NAME_MAX:
            text = f"a name of {len(path.stem)} characters is too long; rename the file: at most {NAME_MAX}"
            problems.append(Problem(shown(path), 0, "", text))
        elif not re.fullmatch(NAME_PATTERN, path.stem):
            text = f"{in_words(path.stem)} cannot be a name; rename the file: {NAME_RULE}"
            problems.append(Problem(shown(path), 0, "", text))
        source = read_source(path, problems)
        if source is not None:
            yield source


def _models(
    model: type[_Model],
    rules: Callable[[Source], Iterator[Problem]],
    sources: list[Source],
    samples_dir: Path,
    problems: list[Problem],
) -> dict[str, _Model]:
    """Each source as its model; what is wrong is added to `problems`."""
    models: dict[str, _Model] = {}
    for source in sources:
        error = None
        if "name" in source.data:
            problems.append(source.problem(("name",), "unknown key; the file's name is the name: remove it"))
        try:
            named = {**source.data, "name": source.name}
            models[source.name] = model.model_validate(named, context={"file": source.path, "samples": samples_dir})
        except ValidationError as caught:
            error = caught
        for findings in (explain(source, model, error), rules(source)):
            told = {(problem.file, problem.line, problem.key) for problem in problems}
            problems += [found for found in findings if (found.file, found.line, found.key) not in told]
    return models


def _one_line_a_port(sources: list[Source]) -> Iterator[Problem]:
    owners: dict[str, tuple[Source, tuple[str, str]]] = {}
    for source in sources:
        for path in _ports_of(source):
            url = value_at(source, *path)
            if not isinstance(url, str) or not is_port(url):
                continue
            owner, where = owners.setdefault(same_port_key(url), (source, path))
            if owner is not source:
                place = f"{shown(owner.path)}:{owner.line_of(where)}"
                text = f'"{url}" is the port of line {owner.name} already ({place}); give each line a port of its own'
                yield source.problem(path, text)


def _ports_of(source: Source) -> Iterator[tuple[str, str]]:
    """Where this line names its serial ports."""
    if value_at(source, "gate", "kind") in ("serial", "modbus", "relay"):
        yield "gate", "url"
    if value_at(source, "trigger", "kind") == "line_input":
        yield "trigger", "port"


def _one_line_a_folder(lines: dict[str, LineConfig], sources: list[Source]) -> Iterator[Problem]:
    owners: dict[Path, Source] = {}
    for source in sources:
        line = lines.get(source.name)
        if line is None or line.camera.kind != "watched":
            continue
        owner = owners.setdefault(line.camera.path, source)
        if owner is not source:
            place = f"{shown(owner.path)}:{owner.line_of(('camera', 'folder'))}"
            text = f"is the folder of line {owner.name} already ({place}); give each line a folder of its own"
            yield source.problem(("camera", "folder"), text)


def _recipe_files(sources: list[Source], folder: Path) -> Iterator[Problem]:
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    for source in sources:
        name = value_at(source, "recipe")
        if isinstance(name, str) and name not in known:
            text = f'there is no recipe "{name}" in {shown(folder)}; {unknown_name(name, known)}'
            yield source.problem(("recipe",), text)
