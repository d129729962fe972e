"""Runtimes that a picture's way through the model may run on. One is chosen by measuring: `inspection model tune`.

Phrases are encoded once a recipe, always by torch in float32. A runtime is one file; this one knows their names, and
imports nothing that they need before it is asked for.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from inspection.domain.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

Engine = Literal["torch", "openvino", "onnxruntime"]
Precision = Literal["float32", "bfloat16", "int8"]

PREPARES = "pillow"
"""What decodes pictures, and makes small ones fit the model."""
READERS = ("tokenizers", "transformers")
"""What phrases are read by: the bundled model's by tokenizers alone, as a station imports no transformers for it; those
of others by transformers, which has their towers as well."""
MOST_THREADS = 4
_MULTIPLIES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "bf16", "i8mm")
"""Of Linux's flags of a processor those that a runtime chooses its arithmetic by."""
_EXTRAS: Mapping[Engine, tuple[str, tuple[str, ...]]] = {
    "torch": ("", ()),
    "openvino": ("openvino", ("openvino",)),
    "onnxruntime": ("onnx", ("onnxruntime", "onnx")),
}
"""Of each engine the extra that brings it, and the packages in it."""


class ImageTower(Protocol):
    """The way of a picture through the model, on some runtime."""

    def __call__(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """What the preparation of n pictures gives -> float32 (n, D) on the CPU, not of unit length, and of a model
        with a map of places that, (n, C, h, w), from the same pass. Neither is looked at: a number may be none."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """`precision`: of the multiplications; what goes in and comes out is float32."""

    engine: Engine
    precision: Precision
    device: Literal["cpu", "cuda"] = "cpu"

    def __str__(self) -> str:
        """As it is stored: `openvino bfloat16 cpu`."""
        return f"{self.engine} {self.precision} {self.device}"

    def versions(self, *libraries: str) -> str:
        """Of torch, of `libraries` beside it, and of the engine's own packages. Raises ModelError if one of these is
        not installed."""
        self.require()
        packages = ("torch", *libraries, *_EXTRAS[self.engine][1])
        return " ".join(f"{package} {version(package).partition('+')[0]}" for package in packages)

    def describe(self, library: str) -> str:
        """For the fingerprint: all that its numbers depend on. `library`: one of READERS. Raises ModelError as
        `versions`."""
        return f"{self.versions(PREPARES, library)} {self.precision} {self.device}"

    def require(self) -> None:
        """Raises ModelError naming the extra, if a package is not installed."""
        extra, packages = _EXTRAS[self.engine]
        try:
            for package in packages:
                version(package)
        except PackageNotFoundError as error:
            raise ModelError(
                f"runtime {self}: {error.name} is not installed; pip install 'inspection-station[{extra}]'"
            ) from error

    def open(self, model: Any, input_px: tuple[int, int] | None) -> ImageTower:
        """The image tower of a model, which is left as it is. `input_px`: height and width of what it takes; None where
        that is not one size. Raises ModelError where the model cannot be run on it.
        """
        self.require()
        try:
            match self.engine:
                case "torch":
                    from inspection.adapters.clip.torch_runtime import TorchTower

                    return TorchTower(model, self.precision, self.device)
                case "openvino":
                    from inspection.adapters.clip.openvino_runtime import OpenVinoTower

                    return OpenVinoTower(model, input_px, self.precision, station_threads())
                case "onnxruntime":
                    from inspection.adapters.clip.onnx_runtime import OnnxTower

                    return OnnxTower(model, input_px, self.precision, station_threads())
        except ModelError:
            raise
        except ImportError as error:
            raise ModelError(
                f"runtime {self}: it is installed and does not start ({error}); install it again"
            ) from error
        except Exception as error:  # a driver or a device that is full answers with anything; told as ModelError
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise ModelError(f"runtime {self}: the model does not start on it ({reason})") from error


REFERENCE = Runtime("torch", "float32")
"""What the others are held against, and what runs where nothing was tuned."""

_ON_CPU = (
    REFERENCE,
    Runtime("torch", "bfloat16"),
    Runtime("openvino", "float32"),
    Runtime("openvino", "bfloat16"),
    Runtime("onnxruntime", "float32"),
    Runtime("onnxruntime", "int8"),
)
_ON_CUDA = (Runtime("torch", "float32", "cuda"), Runtime("torch", "bfloat16", "cuda"))


def runtimes() -> tuple[Runtime, ...]:
    """All that this machine may be able to run, the reference first. Extras may lack: `Runtime.require` tells."""
    import torch

    return _ON_CPU + (_ON_CUDA if torch.cuda.is_available() else ())


def runtime_named(name: str) -> Runtime:
    """Raises ModelError for a name that no `str(runtime)` is."""
    known = {str(each): each for each in _ON_CPU + _ON_CUDA}
    if name not in known:
        raise ModelError(f"there is no runtime {name!r}; there are {', '.join(known)}")
    return known[name]


def station_threads() -> int:
    """One core is left to the gate link and the stores: threads that wait for a core that is taken spin, and a picture
    then takes ten times as long."""
    return max(1, min(_cores() - 1, MOST_THREADS))


def machine() -> dict[str, str]:
    """What a runtime's speed, and in low precision its numbers, depend on: the processor, what it can multiply, how
    many cores this process has, and the GPU."""
    import torch

    model, flags = _processor()
    told = {"processor": " ".join([model, *(flag for flag in _MULTIPLIES if flag in flags)]), "cores": str(_cores())}
    return {**told, **({"gpu": torch.cuda.get_device_name(0)} if torch.cuda.is_available() else {})}


def _processor() -> tuple[str, set[str]]:
    """Its name and what it can do, as Linux tells it of the first core; elsewhere the kind alone."""
    try:
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0]
    except OSError:
        return platform.machine(), set()
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}
    named = ("model name", "cpu family", "model", "CPU implementer", "CPU part")
    flags = facts.get("flags") or facts.get("Features") or ""
    return " ".join([platform.machine(), *(facts[name] for name in named if name in facts)]), set(flags.split())


def _cores() -> int:
    """Those that this process may use; all of them where the system cannot say."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
