"""The one door to every model: what it loads, what it refuses, and that its numbers are transformers' own."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import pytest
import torch
import transformers
from PIL import Image

from inspection.adapters.clip.checkpoint import BUNDLED_FOLDER
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.adapters.clip.preprocessing import View
from inspection.config import load_site
from inspection.domain.errors import ModelError, ScoringError
from inspection.domain.ports import Encoder
from inspection.gauge import load_encoder
from inspection.synthesis.render import render
from tests.adapters.clip.tiny import SAVE, save_clip
from tests.config.site_files import RECIPE, RECIPE_FILE, changed, write_site

PHRASES = ["A Flawless Nut", "a nut, with a LONG scratch near the edge."]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    saved = {name: save(root / f"tiny-{name.replace(' ', '-')}") for name, save in SAVE.items()}
    return {**saved, "bundled": BUNDLED_FOLDER}


@pytest.fixture(scope="module")
def bundled() -> ClipEncoder:
    return ClipEncoder.load("bundled")


def pictures() -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    rng = np.random.default_rng(0)
    return [render(3, size_px=200).pixels, rng.integers(0, 256, (90, 160, 3), dtype=np.uint8)]


READ_BY_TRANSFORMERS = {
    # What its own pipeline must be given so that the model reads what it was trained on. SigLIP 1 takes no punctuation
    # and its own tokenizer needs sentencepiece, Gemma's as published for SigLIP 2 leaves upper case standing.
    "siglip": ["a flawless nut", "a nut with a long scratch near the edge"],
    "siglip2": ["a flawless nut", "a nut, with a long scratch near the edge."],
}


def by_transformers(name: str, folder: Path) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Embeddings of `pictures()` and PHRASES by transformers alone, its own preparation of both included."""
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer, PreTrainedTokenizerFast

    import inspection.adapters.clip.parts_clip  # noqa: F401  (registers the bundled model's type)

    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    kind = PreTrainedTokenizerFast if name == "siglip" else AutoTokenizer
    padding = "longest" if name in ("clip", "old clip", "openclip", "bundled") else "max_length"
    tokens = kind.from_pretrained(folder)(
        READ_BY_TRANSFORMERS.get(name, PHRASES), padding=padding, truncation=True, return_tensors="pt"
    )
    pixels = AutoImageProcessor.from_pretrained(folder)(
        [Image.fromarray(picture) for picture in pictures()], return_tensors="pt"
    )
    with torch.inference_mode():
        outputs = model.get_image_features(**pixels), model.get_text_features(**tokens)
    images, texts = (
        torch.nn.functional.normalize(output if isinstance(output, torch.Tensor) else output.pooler_output, dim=1)
        for output in outputs
    )
    return images, texts, float(model.logit_scale.detach().exp())


@pytest.mark.parametrize("name", [*SAVE, "bundled"])
def test_embeddings_are_what_transformers_makes_itself(name: str, folders: dict[str, Path]) -> None:
    from transformers.utils import logging

    logging.set_verbosity_error()
    encoder: Encoder = ClipEncoder.load("bundled" if name == "bundled" else str(folders[name]), view="as-trained")
    images, texts, scale = by_transformers(name, folders[name])
    for ours, theirs, most in (
        (encoder.embed_images(pictures()), images, 2e-3),
        (encoder.embed_texts(PHRASES), texts, 1e-5),
    ):
        assert ours.dtype == np.float32
        assert np.linalg.norm(ours, axis=1) == pytest.approx(1, abs=1e-5)
        assert (ours * theirs.numpy()).sum(axis=1) == pytest.approx(1, abs=most)
    assert encoder.logit_scale == pytest.approx(scale)


@pytest.mark.parametrize(("name", "same"), [("siglip", True), ("siglip2", False), ("naflex", False)])
def test_siglip_reads_no_upper_case_and_siglip_1_no_punctuation(
    name: str, same: bool, folders: dict[str, Path]
) -> None:
    encoder = ClipEncoder.load(str(folders[name]))
    upper, lower, without = encoder.embed_texts(["A NUT, flawless.", "a nut, flawless.", "a nut flawless"])
    assert np.abs(upper - lower).max() < 1e-6
    assert (np.abs(lower - without).max() < 1e-6) == same


def frame_with_mark(column: int | None) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A grey frame of 16:9, and on it a white bar at this column."""
    frame = np.full((180, 320, 3), 90, np.uint8)
    if column is not None:
        frame[40:140, column : column + 20] = 255
    return frame


@pytest.mark.parametrize("name", ["clip", "old clip", "openclip"])
@pytest.mark.parametrize(("view", "sees"), [("whole", True), ("as-trained", False)])
def test_a_mark_at_the_border_is_seen_in_the_whole_view_and_cropped_away_as_trained(
    name: str, view: View, sees: bool, folders: dict[str, Path]
) -> None:
    encoder = ClipEncoder.load(str(folders[name]), view=view)
    clean, border, middle = encoder.embed_images([frame_with_mark(None), frame_with_mark(5), frame_with_mark(150)])
    assert np.abs(clean - middle).max() > 1e-3
    assert (np.abs(clean - border).max() > 1e-3) == sees


def test_the_view_of_the_recipe_is_the_view_of_the_line(folders: dict[str, Path], tmp_path: Path) -> None:
    prepared: list[str] = []
    for view in ("", "view: whole\n", "view: as-trained\n"):
        site = tmp_path / f"site{len(prepared)}"
        text = changed(RECIPE, "model: bundled\n", f"model: {folders['openclip']}\n{view}")
        recipe = load_site(write_site(site, {RECIPE_FILE: text}), site / "samples").recipe("nut")
        prepared.append(load_encoder(recipe).fingerprint["preprocessing"])
    assert prepared[0] == prepared[1]
    assert prepared[1].startswith("whole fit=32x32 ")
    assert prepared[2].startswith("short-edge=32 ")


@pytest.mark.parametrize("name", ["siglip", "siglip2", "naflex", "bundled"])
def test_where_nothing_is_cropped_both_views_are_one(name: str, folders: dict[str, Path]) -> None:
    where = "bundled" if name == "bundled" else str(folders[name])
    whole, trained = ClipEncoder.load(where, view="whole"), ClipEncoder.load(where, view="as-trained")
    assert whole.fingerprint == trained.fingerprint
    assert np.array_equal(whole.embed_images(pictures()), trained.embed_images(pictures()))


def test_a_picture_has_one_embedding_whatever_comes_with_it(bundled: ClipEncoder) -> None:
    many = pictures() * 10
    together, alone = bundled.embed_images(many), bundled.embed_images(many[:1])
    assert np.abs(together[0] - alone[0]).max() < 1e-5
    phrases = bundled.embed_texts([*PHRASES, "a nut"])
    assert np.abs(phrases[2] - bundled.embed_texts(["a nut"])[0]).max() < 1e-5


def test_a_map_shows_a_change_where_it_is(bundled: ClipEncoder) -> None:
    plain = np.full((256, 256, 3), 120, np.uint8)
    marked = plain.copy()
    marked[32:64, 192:224] = 20
    one, other = bundled.embed_cells([plain, marked])
    assert bundled.embed_with_places([plain, marked])[1].shape == (2, 16, 16, 80)
    assert one.shape == (16, 16, 128)
    np.testing.assert_allclose(np.linalg.norm(other, axis=-1), 1, rtol=1e-5)
    changed = np.linalg.norm(other - one, axis=-1)
    assert np.unravel_index(int(changed.argmax()), changed.shape) in {
        (y, x) for y in (1, 2, 3, 4) for x in (11, 12, 13, 14)
    }


def test_a_model_without_a_map_says_so(folders: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="no map in the space of sentences"):
        ClipEncoder.load(str(folders["clip"])).embed_cells(pictures())
    with pytest.raises(ModelError, match="has no map of places; use 'bundled' for one"):
        ClipEncoder.load(str(folders["clip"])).embed_with_places([])


def test_nothing_in_nothing_out(bundled: ClipEncoder) -> None:
    assert bundled.embed_images([]).shape == bundled.embed_texts([]).shape == (0, 128)
    assert [each.shape for each in bundled.embed_with_places([])] == [(0, 128), (0, 0, 0, 0)]


def test_the_fingerprint_says_what_a_calibration_depends_on(folders: dict[str, Path], tmp_path: Path) -> None:
    first = ClipEncoder.load(str(folders["clip"])).fingerprint
    assert set(first) == {"model", "weights", "architecture", "runtime", "preprocessing", "text_processing"}
    assert first["model"] == "tiny-clip"
    assert len(first["weights"]) == 64
    versions = (
        f"torch {torch.__version__.split('+')[0]} pillow {PIL.__version__} transformers {transformers.__version__}"
    )
    assert first["runtime"] == f"{versions} float32 cpu"
    assert first["preprocessing"].startswith("whole fit=32x32 pad=mean resize=bicubic-antialias ")
    as_trained = ClipEncoder.load(str(folders["clip"]), view="as-trained").fingerprint["preprocessing"]
    assert as_trained.startswith("short-edge=32 resize=bicubic-antialias crop=32x32 ")
    moved = shutil.copytree(folders["clip"], tmp_path / "elsewhere" / "tiny-clip")
    assert ClipEncoder.load(str(moved)).fingerprint == first
    other = save_clip(tmp_path / "tiny-clip", seed=1)
    assert ClipEncoder.load(str(other)).fingerprint["weights"] != first["weights"]


@pytest.mark.parametrize(
    ("name", "setting"),
    [("clip", {"text_config": {"hidden_act": "gelu"}}), ("siglip", {"text_config": {"num_attention_heads": 4}}),
     ("bundled", {"text_heads": 5}), ("bundled", {"image_heads": 2})],
    ids=str,
)  # fmt: skip
def test_the_same_weights_under_another_config_are_another_model(
    folders: dict[str, Path], tmp_path: Path, name: str, setting: dict[str, Any]
) -> None:
    """What no shape of a weight tells: a calibration must not go on judging."""
    folder = shutil.copytree(folders[name], tmp_path / folders[name].name)
    path = folder / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(dict(reversed(config.items())), indent=7))
    before, laid_out = ClipEncoder.load(str(folders[name])), ClipEncoder.load(str(folder))
    assert {**before.fingerprint, "model": folder.name} == laid_out.fingerprint
    for key, value in setting.items():
        config[key] = {**config[key], **value} if isinstance(value, dict) else value
    path.write_text(json.dumps(config))
    now = ClipEncoder.load(str(folder))
    assert {key for key, value in now.fingerprint.items() if value != laid_out.fingerprint[key]} == {"architecture"}
    both = [np.vstack([each.embed_images(pictures()), each.embed_texts(PHRASES)]) for each in (before, now)]
    assert np.abs(both[0] - both[1]).max() > 1e-4


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", ["nobody/no-such-model", "no-such-model", "./missing/folder", "a/b/c"])
def test_a_model_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(ModelError, match=r"(?s)no-such-model|missing/folder|a/b/c") as caught:
        ClipEncoder.load(name)
    assert "'bundled'" in str(caught.value)
    assert ("'inspection model pull nobody/no-such-model'" in str(caught.value)) == (
        name.count("/") == 1 and name[0] != "."
    )


@pytest.mark.usefixtures("no_network")
def test_a_hub_id_is_no_folder_of_the_working_directory(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folders["clip"], tmp_path / "nobody" / "no-such-model")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="it is not on this machine, and a run downloads nothing"):
        ClipEncoder.load("nobody/no-such-model")
    assert ClipEncoder.load("./nobody/no-such-model").fingerprint["model"] == "no-such-model"


class Trap:
    """Unpickling it makes a file."""

    def __init__(self, sprung: Path) -> None:
        self.sprung = sprung

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.sprung,)


@pytest.mark.parametrize("name", ["clip", "bundled"])
def test_pickled_weights_are_not_opened(folders: dict[str, Path], tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(folders[name], tmp_path / "pickled")
    (folder / "model.safetensors").unlink()
    sprung = tmp_path / "sprung"
    torch.save({"visual_projection.weight": Trap(sprung)}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"model pickled: no model\.safetensors in .* no other format of weights"):
        ClipEncoder.load(str(folder))
    assert not sprung.exists()


def test_weights_in_several_files_are_one_model_and_none_may_lack(folders: dict[str, Path], tmp_path: Path) -> None:
    from transformers import CLIPModel

    folder = shutil.copytree(folders["openclip"], tmp_path / "tiny-openclip")
    CLIPModel.from_pretrained(folder).save_pretrained(folder, max_shard_size="20KB")
    (folder / "model.safetensors").unlink()
    shards = sorted(folder.glob("model-*.safetensors"))
    assert len(shards) > 1
    whole, sharded = ClipEncoder.load(str(folders["openclip"])), ClipEncoder.load(str(folder))
    # Tensors lie elsewhere in memory, which may cost the last digit.
    np.testing.assert_allclose(whole.embed_images(pictures()), sharded.embed_images(pictures()), atol=1e-6)
    shards[0].unlink()
    with pytest.raises(ModelError, match=f"{shards[0].name} is not in its folder; copy the folder again"):
        ClipEncoder.load(str(folder))


def test_a_copy_of_the_weights_for_another_library_is_not_looked_at(folders: dict[str, Path]) -> None:
    weights = (folders["openclip"] / "model.safetensors").read_bytes()
    fingerprint = ClipEncoder.load(str(folders["openclip"])).fingerprint
    assert fingerprint["weights"] == hashlib.sha256(weights).hexdigest()


def test_pictures_of_a_size_that_the_model_does_not_take_are_refused_at_the_start(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(folders["old clip"], tmp_path / "sized")
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "size": 40, "crop_size": 40}))
    with pytest.raises(ModelError, match=r"makes pictures of \(40, 40\) pixels and its config says \(32, 32\)"):
        ClipEncoder.load(str(folder))


def test_another_kind_of_model_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(folders["clip"], tmp_path / "other")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "bert"}))
    with pytest.raises(ModelError, match="its type is 'bert'"):
        ClipEncoder.load(str(folder))


def test_an_embedding_that_is_not_a_number_is_an_error(folders: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(folders["clip"], tmp_path / "broken")
    tensors = load_file(folder / "model.safetensors")
    tensors["visual_projection.weight"][0, 0] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ScoringError, match="embedding of picture 0 is not finite"):
        ClipEncoder.load(str(folder)).embed_images(pictures())


def test_a_picture_that_is_none_is_refused(bundled: ClipEncoder) -> None:
    with pytest.raises(ValueError, match="expected RGB uint8"):
        bundled.embed_images([np.zeros((4, 4), np.uint8)])


def test_importing_the_adapter_is_cheap_and_loading_is_quiet() -> None:
    script = (
        "import sys, inspection.adapters.clip.encoder as e\n"
        "assert not {'torch', 'transformers'} & set(sys.modules)\n"
        "e.ClipEncoder.load('bundled').embed_texts(['a nut'])\n"
        "assert not {'transformers', 'torch._dynamo'} & set(sys.modules)\n"  # seconds of a station's start
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_one_picture_is_seen_as_torch_alone_sees_it_and_as_among_others(bundled: ClipEncoder) -> None:
    """Alone it takes another kernel than torch would take."""
    seen = [picture.copy() for picture in pictures()[:2]]
    values = bundled._preprocessing.apply(seen[:1])
    by_torch = bundled._model.get_image_features(**values)[0].detach()  # with gradients nothing is changed
    alone = bundled.embed_images(seen[:1])[0]
    assert alone == pytest.approx((by_torch / by_torch.norm()).numpy(), abs=1e-5)
    assert alone == pytest.approx(bundled.embed_images(seen)[0], abs=1e-5)


@pytest.mark.parametrize("name", [*SAVE, "bundled"])
def test_every_model_tells_what_it_reads_of_a_phrase(folders: dict[str, Path], name: str) -> None:
    encoder = ClipEncoder.load(str(folders[name]))
    limit = encoder._phrases.length
    short, long, none, strange = encoder.read_phrases(["a nut", "a nut with " * limit, "?!", "a 螺母 nut"])
    assert ([word.lower() for word, _ in short.pieces], short.cut) == (["a", "nut"], "")
    assert (none.pieces, none.cut) == ((), "")
    assert strange.pieces[1][1] == 0 or strange.pieces[1][1] > 2
    words = encoder._phrases.canonical("a nut with " * limit).split()
    kept = words[: len(words) - len(long.cut.split())]
    assert 0 < len(kept) < len(words)
    whole, read = (
        encoder._phrases.read([" ".join(words)])["input_ids"],
        encoder._phrases.read([" ".join(kept)])["input_ids"],
    )
    assert (whole[0, : len(kept) // 2] == read[0, : len(kept) // 2]).all()
    count = encoder._phrases.tokenizer.count
    assert count(" ".join(words[: len(kept) + 1])) > limit >= count(" ".join(kept))
