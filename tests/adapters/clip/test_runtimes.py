"""Every runtime says of a picture what torch says in float32, as nearly as its precision allows, or that it cannot."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.adapters.clip import runtimes as module
from inspection.adapters.clip.checkpoint import BUNDLED_FOLDER
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.adapters.clip.parts_towers import PartsFeatures
from inspection.adapters.clip.runtimes import REFERENCE, Runtime, runtime_named, runtimes, station_threads
from inspection.adapters.clip.tower import image_features, tensor_of
from inspection.domain.errors import ModelError, ScoringError
from inspection.domain.types import Pixels
from tests.adapters.clip.tiny import save_clip, save_naflex, save_openclip, save_siglip

SAVE = {"clip": save_clip, "openclip": save_openclip, "siglip": save_siglip, "naflex": save_naflex}
MODELS = ["openclip", "siglip", "bundled"]
MOST_AWAY = {"float32": 1e-6, "bfloat16": 1e-3, "int8": 3e-3}
"""Of the cosine from 1. Eight bits of mantissa, or 127 steps, through a few layers of sixteen random numbers each."""
OTHERS = [runtime for runtime in runtimes() if runtime != REFERENCE]
CONVERTED = [runtime for runtime in OTHERS if runtime.engine != "torch"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {**{name: save(root / name) for name, save in SAVE.items()}, "bundled": BUNDLED_FOLDER}


@pytest.fixture(scope="module")
def encoders(folders: dict[str, Path]) -> dict[tuple[str, Runtime], ClipEncoder]:
    """Each model on each runtime; opened once."""
    opened = {}
    for name in MODELS:
        encoder = ClipEncoder.load("bundled" if name == "bundled" else str(folders[name]))
        opened.update({(name, runtime): encoder.on(runtime) for runtime in (REFERENCE, *OTHERS)})
    return opened


def noise(seed: int, height: int, width: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("runtime", OTHERS, ids=str)
@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=12)
@given(seed=st.integers(0, 2**32), height=st.integers(8, 90), width=st.integers(8, 90), count=st.integers(1, 3))
def test_a_picture_is_the_same_on_every_runtime(
    encoders: dict[tuple[str, Runtime], ClipEncoder],
    name: str,
    runtime: Runtime,
    seed: int,
    height: int,
    width: int,
    count: int,
) -> None:
    seen = [noise(seed + index, height, width) for index in range(count)]
    by_torch, made = (encoders[name, each].embed_images(seen) for each in (REFERENCE, runtime))
    assert made.dtype == np.float32
    assert np.linalg.norm(made, axis=1) == pytest.approx(1, abs=1e-5)
    assert 1 - (made * by_torch).sum(axis=1).min() <= MOST_AWAY[runtime.precision]


@pytest.mark.parametrize("runtime", [runtime for runtime in OTHERS if runtime.precision != "float32"], ids=str)
def test_a_lower_precision_is_no_float32_by_another_name(
    encoders: dict[tuple[str, Runtime], ClipEncoder], runtime: Runtime
) -> None:
    seen = [noise(seed, 64, 64) for seed in range(8)]
    by_torch, made = (encoders["bundled", each].embed_images(seen) for each in (REFERENCE, runtime))
    has_bfloat16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    if runtime.precision == "int8" or runtime.engine == "torch" or has_bfloat16:
        assert np.abs(made - by_torch).max() > 1e-5


@pytest.mark.parametrize("runtime", [REFERENCE, *OTHERS], ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_a_picture_does_not_depend_on_those_that_come_with_it(
    encoders: dict[tuple[str, Runtime], ClipEncoder], name: str, runtime: Runtime
) -> None:
    """int8 scales what it multiplies by the largest number in it; a bright neighbour would change a dark picture."""
    encoder, dark = encoders[name, runtime], (noise(1, 40, 40) // 32).astype(np.uint8)
    alone = encoder.embed_images([dark])[0]
    among = encoder.embed_images([noise(2, 40, 40), dark, noise(3, 60, 30)])[1]
    assert np.abs(alone - among).max() <= (0.01 if runtime.precision == "bfloat16" else 1e-5)


@pytest.mark.parametrize("runtime", [REFERENCE, *OTHERS], ids=str)
def test_places_are_told_by_the_way_of_the_same_embeddings(
    encoders: dict[tuple[str, Runtime], ClipEncoder], runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One preparation and one run of the tower for sixteen pictures; and the embeddings are, to the last bit, those of
    a tower that tells of no places: a calibration without references must not notice."""
    seen = [noise(seed, 40 + seed, 90) for seed in range(20)]
    encoder, runs = encoders["bundled", runtime], list[int]()
    tower, by_torch = encoder._tower, encoders["bundled", REFERENCE].embed_with_places(seen)[1]

    def counting(inputs: Any) -> tuple[torch.Tensor, ...]:
        runs.append(len(inputs["pixel_values"]))
        return tower(inputs)

    with monkeypatch.context() as patch:
        patch.setattr(encoder, "_tower", counting)
        embeddings, places = encoder.embed_with_places(seen)
    assert runs == [16, 4]
    with monkeypatch.context() as patch:
        patch.delattr(PartsFeatures, "get_features_and_places")
        without = encoder.on(runtime)
        assert np.array_equal(embeddings, without.embed_images(seen))
        with pytest.raises(ModelError, match="no map of places"):
            without.embed_with_places(seen)
    assert np.array_equal(embeddings, encoder.embed_images(seen))
    assert (places.shape, places.dtype, places.flags.c_contiguous) == ((20, 16, 16, 80), np.float32, True)
    most = 0.05 if runtime.precision == "bfloat16" else 1e-5  # int8 rounds products of matrices; none comes before
    assert np.abs(places - by_torch).max() <= most * np.abs(by_torch).max()


def test_places_are_those_of_the_models_map_before_the_last(encoders: dict[tuple[str, Runtime], ClipEncoder]) -> None:
    encoder, seen = encoders["bundled", REFERENCE], [noise(seed, 64, 64) for seed in range(3)]
    with torch.inference_mode():
        maps = encoder._model.image.maps(**encoder._preprocessing.apply(seen))
    assert np.array_equal(encoder.embed_with_places(seen)[1], maps[-2].permute(0, 2, 3, 1).numpy())


@pytest.mark.parametrize("runtime", OTHERS, ids=str)
def test_phrases_are_read_by_torch_whatever_looks_at_pictures(
    encoders: dict[tuple[str, Runtime], ClipEncoder], runtime: Runtime
) -> None:
    phrases = ["a flawless nut", "a nut with a scratch"]
    both = (encoders["openclip", each].embed_texts(phrases) for each in (REFERENCE, runtime))
    assert np.array_equal(*both)


@pytest.mark.parametrize("runtime", OTHERS, ids=str)
def test_the_fingerprint_names_runtime_version_and_precision(
    encoders: dict[tuple[str, Runtime], ClipEncoder], runtime: Runtime
) -> None:
    for name, library in (("openclip", "transformers"), ("bundled", "tokenizers")):
        before, now = (encoders[name, each].fingerprint for each in (REFERENCE, runtime))
        assert {key for key in now if now[key] != before[key]} == {"runtime"}
        packages = {
            "torch": ("torch",),
            "openvino": ("torch", "openvino"),
            "onnxruntime": ("torch", "onnxruntime", "onnx"),
        }
        named = now["runtime"].split()
        assert named[-2:] == [runtime.precision, runtime.device]
        assert set(named[:-2:2]) == {"pillow", library, *packages[runtime.engine]}
        assert all(
            told == version(each).partition("+")[0] for each, told in zip(named[:-2:2], named[1:-2:2], strict=True)
        )


@pytest.mark.parametrize("name", ["clip", "openclip"])
def test_what_is_not_worked_out_of_the_last_block_changes_nothing(folders: dict[str, Path], name: str) -> None:
    model = ClipEncoder.load(str(folders[name]))._model
    values = torch.randn(3, 3, 32, 32)
    with torch.inference_mode():
        whole, (first,) = tensor_of(model.get_image_features(pixel_values=values)), image_features(model)(values)
    assert first.numpy() == pytest.approx(whole.numpy(), abs=1e-6)


@pytest.mark.parametrize("runtime", OTHERS, ids=str)
def test_numbers_that_are_none_are_an_error_on_every_runtime(folders: dict[str, Path], runtime: Runtime) -> None:
    """Whole numbers would hide one: what is converted is looked at before."""
    encoder = ClipEncoder.load(str(folders["clip"]))
    with torch.inference_mode():
        encoder._model.vision_model.encoder.layers[0].mlp.fc1.weight[0, 0] = float("nan")
    with pytest.raises((ModelError, ScoringError), match="not finite"):
        encoder.on(runtime).embed_images([noise(0, 32, 32)])


@pytest.mark.parametrize("runtime", OTHERS, ids=str)
def test_a_picture_that_is_none_is_refused_on_every_runtime(
    encoders: dict[tuple[str, Runtime], ClipEncoder], runtime: Runtime
) -> None:
    infinite: Any = np.full((32, 32, 3), np.inf, np.float32)
    with pytest.raises(ValueError, match="expected RGB uint8"):
        encoders["openclip", runtime].embed_images([infinite])


@pytest.mark.parametrize("runtime", CONVERTED, ids=str)
def test_a_model_that_cannot_be_converted_says_so(folders: dict[str, Path], runtime: Runtime) -> None:
    encoder = ClipEncoder.load(str(folders["naflex"]))
    with pytest.raises(ModelError, match=f"runtime {runtime.engine} .* many shapes"):
        encoder.on(runtime)


@pytest.mark.parametrize("runtime", CONVERTED, ids=str)
def test_an_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, runtime: Runtime) -> None:
    def lacking(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(module, "version", lacking)
    extra = {"openvino": "openvino", "onnxruntime": "onnx"}[runtime.engine]
    with pytest.raises(
        ModelError, match=rf"{runtime.engine} is not installed; pip install 'inspection-station\[{extra}\]'"
    ):
        runtime.versions()


def test_names_come_back_and_others_are_refused() -> None:
    assert [runtime_named(str(runtime)) for runtime in runtimes()] == list(runtimes())
    with pytest.raises(ModelError, match="there is no runtime 'openvino int4 cpu'; there are torch float32 cpu, "):
        runtime_named("openvino int4 cpu")


@pytest.mark.parametrize(
    ("runtime", "message"),
    [
        (Runtime("torch", "int8"), "use onnxruntime"),
        (Runtime("openvino", "int8"), "use onnxruntime"),
        (Runtime("onnxruntime", "bfloat16"), "use openvino"),
        (Runtime("torch", "float32", "cuda"), "torch finds no such device here"),
    ],
    ids=str,
)
def test_what_a_runtime_does_not_have_is_refused(
    folders: dict[str, Path], runtime: Runtime, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelError, match=message):
        ClipEncoder.load(str(folders["clip"])).on(runtime)


def test_one_core_is_left_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, threads in ((1, 1), (2, 1), (4, 3), (16, 4)):
        monkeypatch.setattr(module, "_cores", lambda cores=cores: cores)
        assert station_threads() == threads


def test_memory_of_a_tower_that_another_runtime_stands_for_is_given_back(folders: dict[str, Path]) -> None:
    encoder = ClipEncoder.load(str(folders["clip"]))
    encoder.free_torch_tower()
    before = encoder.embed_images([noise(0, 32, 32)])
    other = encoder.on(Runtime("openvino", "float32"))
    other.free_torch_tower()
    assert not hasattr(other._model, "vision_model")
    assert other.embed_images([noise(0, 32, 32)]) == pytest.approx(before, abs=1e-5)
    with_maps = ClipEncoder.load("bundled").on(Runtime("openvino", "float32"))
    with_maps.free_torch_tower()
    assert with_maps.embed_cells([noise(0, 64, 64)]).shape == (1, 16, 16, 128)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is given back")
@pytest.mark.parametrize("runtime", CONVERTED, ids=str)
def test_pages_of_a_file_whose_picture_weights_nobody_needs_are_given_back(
    folders: dict[str, Path], tmp_path: Path, runtime: Runtime
) -> None:
    folder = Path(shutil.copytree(folders["clip"], tmp_path / "clip"))
    phrases = ["a flawless nut"]

    def resident_kb() -> int:
        """Of the file of weights."""
        smaps = Path("/proc/self/smaps").read_text(encoding="utf-8", errors="replace")
        found = re.findall(rf"{re.escape(str(folder))}/model\.safetensors\n(?:\w+: .*\n)*?Rss: +(\d+)", smaps)
        return sum(map(int, found))

    encoder = ClipEncoder.load(str(folder))
    before = encoder.embed_texts(phrases)
    other = encoder.on(runtime)
    encoder.free_torch_tower()  # on the reference, which needs it
    assert resident_kb() > 0
    other.free_torch_tower()
    assert resident_kb() == 0
    assert np.array_equal(other.embed_texts(phrases), before)
    assert resident_kb() > 0


def test_nobody_is_told_that_a_model_was_converted(folders: dict[str, Path]) -> None:
    """OpenVINO brings a package that reports its use, and imports it where it can."""
    script = (
        "import sys\n"
        "def watch(event, arguments):\n"
        "    assert not event.startswith('socket.'), (event, arguments)\n"
        "sys.addaudithook(watch)\n"
        "from inspection.adapters.clip.encoder import ClipEncoder\n"
        "from inspection.adapters.clip.runtimes import runtimes\n"
        "import numpy as np\n"
        f"encoder = ClipEncoder.load({str(folders['clip'])!r})\n"
        "for runtime in runtimes():\n"
        "    encoder.on(runtime).embed_images([np.zeros((32, 32, 3), np.uint8)])\n"
        "assert {'openvino', 'onnxruntime'} <= set(sys.modules)\n"
        "told = [name for name in sys.modules if 'telemetry' in name and sys.modules[name]]\n"
        "assert not told, told\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
