"""Labelled parts, good and bad: a line that tells them apart, held to the text while they are few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspection.domain.errors import ScoringError
from inspection.domain.types import Vectors
from inspection.scoring.references import LEAST_REFERENCES, Bank, bank_of

LEAST_BAD = 2
"""Of one the spread is not known."""

_NOISE = 0.1  # of a label, in median squared distances between parts
_CONSTANT = 100.0  # variance of the level, which is not to be held to 0
_DISTANCE_SHARE = 0.3  # of the distance from good parts, beside 1 of the line, each in its own deviations

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A Gaussian process with a linear kernel (as ridge regression) on what a picture is as a whole, whose mean before
    any label is the text's margin; plus the distance from the good parts among those labelled, as defects scatter in
    many directions.

    A picture as a whole is its embedding; or, of its places, their mean and their deviation, component by component.

    `centre`, `direction` (F,): of the line. `level` is added. `text_*`: how a margin is standardised, and its weight.
    `*_spread`: what the line and the distance are divided by.
    """

    bank: Bank
    centre: Numbers
    direction: Numbers
    level: float
    text_columns: int
    text_mean: float
    text_weight: float
    line_spread: float
    distance_spread: float

    @classmethod
    def fit(cls, features: Vectors, labels: npt.NDArray[np.bool_], text_margins: Numbers) -> Head:
        """From unit embeddings (n, D) or places (n, h, w, C), labels (n,) that are true for a bad part, margins (n, K)
        of K descriptions; K is 0 without text. Raises ScoringError if they do not fit together, say nothing, or are
        not finite.
        """
        values, margins = _checked(features, text_margins)
        bad = np.asarray(labels)
        if bad.shape != (len(values),) or not np.isin(bad, (0, 1)).all():
            raise ScoringError(f"{len(values)} pictures need as many labels of 0 (good) or 1 (bad)")
        bad = bad.astype(np.bool_)
        if (~bad).sum() < LEAST_REFERENCES or bad.sum() < LEAST_BAD:
            raise ScoringError(
                f"{(~bad).sum()} good and {bad.sum()} bad labels are too few; give {LEAST_REFERENCES} good and"
                f" {LEAST_BAD} bad or more, better 10 of each"
            )
        bank = bank_of(features[~bad])
        centre = values.mean(axis=0)
        centred = values - centre
        products = centred @ centred.T
        squares = np.diag(products)
        apart = (squares[:, None] + squares - 2 * products)[np.triu_indices(len(values), 1)]
        unit = float(np.median(apart))
        if unit < 1e-12:
            raise ScoringError("most labelled parts are copies of one picture; take pictures of different parts")
        inverse = np.linalg.inv(products / unit + _CONSTANT + _NOISE * np.eye(len(values)))
        targets = np.where(bad, 1.0, -1.0)
        largest = margins.max(axis=1) if margins.shape[1] else np.zeros(len(values))
        mean, spread = float(largest.mean()), float(largest.std())
        weight = 0.0
        if spread > 1e-9 * max(1.0, abs(mean)):
            standard = (largest - mean) / spread
            # Its weight before any label is 1 ± 1. Labels that speak against the text take it away, none turn it round.
            against = standard @ inverse
            weight = max(0.0, float((1 + against @ targets) / (1 + against @ standard))) / spread
        remaining = targets - weight * (largest - mean)
        dual = inverse @ remaining
        # What each part would score had it not been among those fitted; bad ones are not among those of the bank.
        left_out = targets - dual / np.diag(inverse)
        line_spread, distance_spread = float(left_out.std()), float(bank.score(features[bad]).std())
        if min(line_spread, distance_spread) < 1e-9:
            raise ScoringError("the bad parts are copies of one picture; take pictures of different parts")
        direction = centred.T @ dual / unit
        level = _CONSTANT * float(dual.sum())
        return cls(bank, centre, direction, level, margins.shape[1], mean, weight, line_spread, distance_spread)

    def score(self, features: Vectors, text_margins: Numbers, distances: Numbers | None = None) -> Numbers:
        """(m,) of embeddings (m, D) or places (m, h, w, C) and margins (m, K), higher = more like the bad parts; of no
        unit. `distances` (m,): what `bank` makes of these, where that is known.

        Raises ScoringError if their shape is not that of those fitted, or one is not finite.
        """
        values, margins = _checked(features, text_margins)
        if values.shape[1] != len(self.centre) or margins.shape[1] != self.text_columns:
            raise ScoringError(
                f"the head was fitted on {len(self.centre)} components and {self.text_columns} margins, not on"
                f" {values.shape[1]} and {margins.shape[1]}; fit it anew"
            )
        line = (values - self.centre) @ self.direction + self.level
        if self.text_columns:
            line = line + self.text_weight * (margins.max(axis=1) - self.text_mean)
        beyond = self.bank.score(features) if distances is None else distances
        scores = line / self.line_spread + _DISTANCE_SHARE * beyond / self.distance_spread
        if not np.isfinite(scores).all():
            raise ScoringError("a score is not a finite number; check the model with 'inspection doctor'")
        return np.asarray(scores)


Held = Bank | Head
"""What a line holds parts against: good ones; or good and bad ones, of which the good are a bank."""


def good_in(held: Held) -> Bank:
    """The bank of the good parts."""
    return held.bank if isinstance(held, Head) else held


def _checked(features: Vectors, text_margins: Numbers) -> tuple[Numbers, Numbers]:
    """Pictures as a whole (n, F), and the margins, as float64. Raises ScoringError if the shapes do not fit, a number
    is not finite, or a picture is 0."""
    if features.ndim not in (2, 4) or text_margins.ndim != 2 or len(features) != len(text_margins):
        raise ScoringError(
            "embeddings (n, D) or places (n, h, w, C), and text margins (n, K) are needed, not"
            f" {features.shape} and {text_margins.shape}"
        )
    if not features.size:
        raise ScoringError("there is no embedding; give pictures")
    values, margins = features.astype(np.float64), text_margins.astype(np.float64)
    if not (np.isfinite(values).all() and np.isfinite(margins).all()):
        raise ScoringError("an embedding or a margin is not finite; check the model with 'inspection doctor'")
    if values.ndim == 4:
        places = values.reshape(len(values), -1, values.shape[-1])
        values = np.hstack([_of_unit_length(places.mean(axis=1)), _of_unit_length(places.std(axis=1))])
    if (np.linalg.norm(values, axis=1) < 1e-6).any():
        raise ScoringError("an embedding is zero; check the model with 'inspection doctor'")
    return values, margins


def _of_unit_length(vectors: Numbers) -> Numbers:
    """(n, C); what is 0 stays 0."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0))
