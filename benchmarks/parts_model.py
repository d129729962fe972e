"""What the bundled model understands: a fixed test of rendered parts, read out through sentences alone.

    inspection bench model [--model bundled] [--scenes 24] [--json]

Every family, every kind that it can have; seeds that no training uses. Rows and columns: `adapters.clip.exam`. Beside
the model stands the same architecture with random weights.
"""

from __future__ import annotations

from dataclasses import asdict

from inspection.adapters.clip.checkpoint import PARTS_CLIP, find
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.adapters.clip.exam import Mark, Marks, examine, papers
from inspection.adapters.clip.plain import to_json
from inspection.domain.errors import ModelError
from inspection.synthesis.captions import TRAINED_KINDS

ROWS = {
    "trained": "trained families and kinds, new seeds",
    "pairs": "family and kind never together in training",
    "frames": "wordings never in training",
    "words": "words never in training",
    "family": "a family never in training",
    "kind": 'a kind never in training, as "a defect"',
    "generic": 'any trained kind, as "a defect"',
    "shuffled": "control: descriptions shuffled",
    "wrong_part": "control: another part's name",
}


def main(*, model: str, scenes: int, as_json: bool) -> None:
    """Print the table. Raises ModelError for a model that is not of the bundled one's type."""
    checkpoint = find(model)
    if checkpoint.config()["model_type"] != PARTS_CLIP:
        raise ModelError(f"model {model}: this test is of models of the bundled one's type; see 'inspection evaluate'")
    encoder = ClipEncoder.load(model)
    exam = papers(scenes)
    marks, random = examine(encoder, exam), examine(encoder.with_random_weights(0), exam)
    good, bad = sum(len(paper.good) for paper in exam), sum(len(paper.bad) for paper in exam)
    if as_json:
        told = {"model": model, "good": good, "bad": bad, "marks": asdict(marks), "random_weights": asdict(random)}
        print(to_json(told))
        return
    print(f"{good} good and {bad} defective parts of {len(exam)} families\n")
    print(f"{'':44}  AUROC  worst  named  pixel  parts")
    for name, text in ROWS.items():
        print(_row(text, getattr(marks, name)))
    print(_row("control: random weights", random.trained))
    print("\n" + "\n".join(_kinds(marks)))


def _row(text: str, mark: Mark) -> str:
    return (
        f"{text:44}  "
        + "  ".join(_cell(value) for value in (mark.auroc, mark.worst, mark.naming, mark.pixel))
        + (f"  {mark.parts:5}")
    )


def _cell(value: float) -> str:
    return f"{value:5.3f}" if value == value else "    –"


def _kinds(marks: Marks) -> list[str]:
    by_kind = marks.trained.by_kind
    return [f"{kind:44}  " + "  ".join(_cell(v) for v in (by_kind[kind][0], float("nan"), *by_kind[kind][1:]))
            for kind in TRAINED_KINDS if kind in by_kind]  # fmt: skip
