"""What is looked for on a part: `configs/recipes/<recipe>.yaml`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo

from inspection.config.fields import Name, Strict, note, refuse
from inspection.config.problems import in_words, shown
from inspection.config.region import AlignConfig, RegionConfig, TilesConfig
from inspection.domain.hub_id import is_hub_id
from inspection.wording import did_you_mean

BUNDLED = "bundled"
MODEL_FORMS = '"bundled", a folder (./…, ../…, ~/…, /…) or a hub id (owner/name, owner/name@revision)'
PART = "{part}"
"""Stands for the part's noun in a phrasing."""
_FOLDER_START = ("/", "./", "../", "~/")
_LETTER = re.compile(r"[^\W\d_]")


def _phrasing(value: Any) -> Any:
    """White space is not part of a sentence: a folded YAML line equals the same in one."""
    if not isinstance(value, str):
        return value
    phrasing = " ".join(value.split())
    if not phrasing:
        refuse("is an empty phrasing; write what a camera would see, or remove it")
    if not _LETTER.search(phrasing.replace(PART, "")):
        refuse(f"{in_words(phrasing)} has no word in it; write what a camera would see, or remove it")
    if re.search("[{}]", phrasing.replace(PART, "")):
        refuse(f"{in_words(phrasing)} has braces; allowed is {PART}, which stands for the part's noun")
    return phrasing


def _template(value: Any) -> Any:
    """A sentence around a phrasing."""
    if not isinstance(value, str):
        return value
    template = " ".join(value.split())
    if template.count("{}") != 1 or re.search("[{}]", template.replace("{}", "")):
        refuse(f'{in_words(template)} must have {{}} once, where the phrasing goes; write it as "a photo of {{}}"')
    return template


def _model(value: Any, info: ValidationInfo) -> Any:
    if value == BUNDLED or value is None:  # an empty setting has a message of its own
        return value
    if isinstance(value, str) and value.startswith(_FOLDER_START):
        folder: Path = (info.context or {})["file"].parent / Path(value).expanduser()
        if not folder.is_dir():
            refuse(f'"{value}" is not a folder ({shown(folder)}); write that of a checkpoint; allowed {MODEL_FORMS}')
        return str(folder.resolve())
    if not isinstance(value, str) or not is_hub_id(value):
        hint = did_you_mean(value, [BUNDLED]) if isinstance(value, str) else ""
        refuse(f"{in_words(value)} is not a model; {hint + ' ' if hint else ''}allowed {MODEL_FORMS}")
    return value


Phrasing = Annotated[
    str,
    BeforeValidator(_phrasing),
    Field(
        max_length=300,
        description="one sentence on what a camera would see",
        json_schema_extra={"allowed": "a sentence of at most 300 characters"},
    ),
]
Phrasings = Annotated[
    tuple[Phrasing, ...],
    Field(
        min_length=1,
        description="each says the same in other words",
        json_schema_extra={"allowed": "a list of at least one sentence"},
    ),
]


class DescriptionConfig(Strict):
    """One defect in plain language."""

    name: Annotated[
        str,
        Field(
            pattern=r"^\w([\w -]*\w)?$",
            max_length=60,
            description="the name in log and dashboard",
            json_schema_extra={"allowed": "letters, digits, hyphens and spaces, beginning with a letter or digit"},
        ),
    ]
    severity: Annotated[Literal["minor", "major", "critical"], note("how bad it is that such a part gets out")]
    phrasings: Phrasings


class RecipeConfig(Strict):
    """One recipe; `name` is the file's. `model`: "bundled", an absolute folder, or a hub id."""

    name: Name
    part: Annotated[str, Field(min_length=1, max_length=60, description="what people call the part")]
    model: Annotated[str, BeforeValidator(_model), note("what sees and reads", MODEL_FORMS)] = BUNDLED
    view: Annotated[Literal["whole", "as-trained"], note("whether the model may crop the picture's border away")] = (
        "whole"
    )
    templates: Annotated[
        tuple[Annotated[str, BeforeValidator(_template), Field(max_length=100)], ...],
        Field(
            max_length=100,
            description="each phrasing is read within each of them",
            json_schema_extra={"allowed": "a list of at most 100 sentences with {} where the phrasing goes"},
        ),
    ] = ()
    normal: Phrasings
    descriptions: Annotated[
        tuple[DescriptionConfig, ...],
        Field(
            min_length=1,
            description="the defects that are looked for",
            json_schema_extra={"allowed": "a list of at least one description with name, severity and phrasings"},
        ),
    ]
    region_of_interest: RegionConfig | None = None
    tiles: TilesConfig | None = None
    align: AlignConfig | None = None

    @property
    def normal_phrases(self) -> tuple[str, ...]:
        """What the model reads of a good part: every phrasing, with the part's noun, in every template."""
        return self._ensemble(self.normal)

    @property
    def defect_phrases(self) -> dict[str, tuple[str, ...]]:
        """The same of each description."""
        return {description.name: self._ensemble(description.phrasings) for description in self.descriptions}

    def phrase(self, phrasing: str) -> str:
        """One phrasing with the part's noun, in the first template."""
        return self._ensemble([phrasing])[0]

    def _ensemble(self, phrasings: Sequence[str]) -> tuple[str, ...]:
        said = [phrasing.replace(PART, self.part) for phrasing in phrasings]
        return tuple(template.replace("{}", phrasing) for phrasing in said for template in self.templates or ("{}",))

    def content_id(self) -> str:
        """12 hex digits that change with anything that changes scores; severity and the recipe's own name do not."""
        region = self.region_of_interest
        content: dict[str, object] = {
            "model": self.model.rsplit("/", 1)[-1] if self.model.startswith("/") else self.model,
            "view": self.view,
            "normal": self.normal_phrases,
            "descriptions": self.defect_phrases,
            "region_of_interest": region.model_dump(exclude_none=True) if region else None,
        }
        if self.tiles is not None:  # a recipe without is the one that it was before there were any
            content["tiles"] = self.tiles.model_dump()
        if self.align is not None:
            content["align"] = {"to": self.align.to.sha256, "within": self.align.within}
        canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]
