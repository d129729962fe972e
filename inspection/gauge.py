"""What a line measures with: its model, its recipe's phrasings and region, and the fingerprint that ties them
together. What it judges by is in `inspection.calibrated`."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from inspection.calibration.tuning import load_tuning
from inspection.config import AlignConfig, LineConfig, RecipeConfig, Site
from inspection.domain.errors import CalibrationError, CameraError, ConfigError, ModelError
from inspection.domain.ports import Backbone, DenseEncoder, Encoder, TextEncoder
from inspection.scoring.alignment import Template
from inspection.scoring.head import Held
from inspection.scoring.locator import Locator, TileLocator
from inspection.scoring.part_scorer import PartScorer
from inspection.scoring.prototypes import Prototypes, encode_prototypes
from inspection.scoring.region import Polygon, Region, Ring
from inspection.scoring.tiles import WHOLE, Tiles

if TYPE_CHECKING:
    from inspection.adapters.clip.encoder import ClipEncoder


def load_encoder(recipe: RecipeConfig) -> ClipEncoder:
    """The recipe's model, from the package, a folder or the local hub cache, on torch in float32. Raises ModelError."""
    from inspection.adapters.clip.encoder import ClipEncoder

    with _without_collection():
        return ClipEncoder.load(recipe.model, view=recipe.view)


def line_encoder(site: Site, line: LineConfig) -> tuple[Encoder, str | None]:
    """The recipe's model on the runtime that the line was tuned to; where that does not hold, on torch in float32, and
    why. Raises ModelError as `load_encoder`."""
    from inspection.adapters.clip.runtimes import REFERENCE, machine, runtime_named

    recipe = site.recipe(line.recipe)
    encoder = load_encoder(recipe)
    tune = f"; tune again with 'inspection model tune {line.name} --good DIR', then calibrate"
    try:
        tuning = load_tuning(tuning_path(site, line.name))
        if tuning is None or tuning.runtime == str(REFERENCE):
            return encoder, None
        runtime = runtime_named(tuning.runtime)
        here = {**machine(), "versions": runtime.versions()}
        changes = tuning.changes(fingerprint(encoder, recipe, line), here)
        if changes:
            told = f"{tuning.runtime}, chosen {tuning.created_utc:%Y-%m-%d} by {tuning.by}, does not hold"
            raise CalibrationError(f"{told} ({', '.join(changes)})")
        with _without_collection():
            tuned = encoder.on(runtime, tuning.id)
    except (CalibrationError, ModelError) as error:
        return encoder, f"line {line.name} runs on {REFERENCE}: {error}{tune}"
    tuned.free_torch_tower()
    return tuned, None


@contextmanager
def _without_collection() -> Iterator[None]:
    """What torch and transformers leave behind lives as long as the process: looking for garbage in it takes a second
    while they are imported, and would make a part wait now and then afterwards."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def dense(encoder: Encoder) -> DenseEncoder | None:
    """The same one, if its model has a map in the space of sentences."""
    if not isinstance(encoder, DenseEncoder):
        return None
    try:
        encoder.embed_cells([])  # every ClipEncoder has the method, and not every model of one a map
    except ModelError:
        return None
    return encoder


def load_backbone(name: str, recipe: RecipeConfig) -> Backbone:
    """Another image model to train a head on, from a folder or the local hub cache; it sees pictures in the recipe's
    view. Raises ModelError."""
    from inspection.adapters.clip import backbone

    return backbone.load_backbone(name, recipe.view)


def prototypes_of(recipe: RecipeConfig, encoder: TextEncoder) -> Prototypes:
    """The recipe's phrasings, encoded."""
    return encode_prototypes(encoder, recipe.normal_phrases, recipe.defect_phrases)


def scorer_of(
    recipe: RecipeConfig, encoder: Encoder, texts: TextEncoder | None = None, references: Held | None = None
) -> PartScorer:
    """What turns frames into scores. `texts` reads the phrasings in the encoder's place, if given."""
    return PartScorer(encoder, prototypes_of(recipe, texts or encoder), region_of(recipe), references)


def region_of(recipe: RecipeConfig) -> Region:
    """The recipe's region of interest, the whole frame if it has none, the windows over it, and what it is aligned to.
    Raises ConfigError: the template cannot be read, or is another one by now."""
    roi = recipe.region_of_interest
    tiles = Tiles(recipe.tiles.grids, recipe.tiles.overlap) if recipe.tiles else WHOLE
    template = _template(recipe.align) if recipe.align else None
    if roi is None:
        return Region(tiles=tiles)
    if roi.polygon is not None:
        return Region(outline=Polygon(roi.polygon), tiles=tiles, template=template)
    if roi.ring is not None:
        ring = Ring(*roi.ring.centre, roi.ring.inner, roi.ring.outer)
        return Region(outline=ring, tiles=tiles, template=template)
    return Region(*roi.rectangle, tiles=tiles, template=template)


def _template(config: AlignConfig) -> Template:
    from inspection.adapters.cameras.images import read_image

    try:
        frame = read_image(config.to.path, sha256=config.to.sha256)
    except CameraError as error:
        raise ConfigError(f"the template of align: {error}") from error
    return Template(frame, config.within, config.to.sha256)


def locator_of(scorer: PartScorer) -> Locator | TileLocator | None:
    """What finds where on a picture a description fits: the model's map, or the region's tiles; None without either."""
    if (with_map := dense(scorer.encoder)) is not None:
        return Locator(with_map, scorer.prototypes, scorer.region, scorer.references)
    tiled = scorer.region.tiles.grids
    return TileLocator(scorer.encoder, scorer.prototypes, scorer.region) if tiled else None


def region_fingerprint(recipe: RecipeConfig) -> dict[str, str]:
    """What of a picture is looked at, and how closely."""
    region = region_of(recipe)
    return {"region_of_interest": str(region), **({"tiles": str(region.tiles)} if region.tiles.grids else {})}


def fingerprint(encoder: Encoder, recipe: RecipeConfig, line: LineConfig) -> dict[str, str]:
    """Everything that a threshold depends on. Two that are equal judge alike."""
    frame = line.frame
    return {
        **encoder.fingerprint,
        "recipe": f"{recipe.name} {recipe.content_id()}",
        **region_fingerprint(recipe),
        "camera": f"{line.camera.kind} width {frame.width_px or 'any'} height {frame.height_px or 'any'}",
    }


def model_id_of(encoder: Encoder) -> str:
    """As the log has it: the model and the first digits of the hash of its weights."""
    return f"{encoder.fingerprint['model']} {encoder.fingerprint['weights'][:12]}"


def view_of(encoder: Encoder, recipe: RecipeConfig, line: LineConfig) -> dict[str, str]:
    """What the embedding of a frame depends on: where that is the same, embeddings can be compared."""
    return view_in(fingerprint(encoder, recipe, line))


def view_in(whole: Mapping[str, str]) -> dict[str, str]:
    """The same of a fingerprint, such as a calibration has. On torch in float32 without the runtime, as in embeddings
    that were kept before there were others."""
    from inspection.adapters.clip.runtimes import REFERENCE

    names = ("model", "weights", "architecture", "preprocessing", "region_of_interest")
    view = {name: whole[name] for name in names if name in whole}
    runtime = _in_brief(whole.get("runtime", ""))
    return view if runtime == str(REFERENCE) else {**view, "runtime": runtime}


def _in_brief(runtime: str) -> str:
    """Another version is no other view: it rounds the last digits otherwise. Nor is what reads phrases."""
    from inspection.adapters.clip.runtimes import PREPARES, READERS

    left_out = {PREPARES, *READERS}
    return " ".join(word for word in runtime.split() if not word[0].isdigit() and word not in left_out)


def view_id(details: Mapping[str, str]) -> str:
    """By which embeddings of a view are found: 12 hex digits."""
    return hashlib.sha256(json.dumps(details, sort_keys=True).encode()).hexdigest()[:12]


def tuning_path(site: Site, line_name: str) -> Path:
    return site.config_dir / "tunings" / f"{line_name}.json"
