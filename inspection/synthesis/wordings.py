"""Sentence frames. Each fits every state, so that good and bad differ by their words and not by their frame.

{name} is the part bare ("nut") and {part} with its article; {adjective} "scratched" or "flawless" and {which}
the part with it and an article; {clause} "with a scratch" or "in good condition"; {verb} "has been scratched" or
"passed inspection"; {thing} "a scratch" or "no defect", {bare} the same without article; {are} agrees with it;
{on} is the preposition that it goes with, {place} empty or " near the edge".
"""

from __future__ import annotations

# fmt: off

PHOTOS = (
    "a photo of {}", "a picture of {}", "an image of {}", "a close-up photo of {}", "a cropped photo of {}",
    "this is {}",
    "there is {}", "photo for visual inspection of {}", "a camera image of {}", "close-up of {}",
    "a grayscale image of {}",
    "a blurry photo of {}", "a bright photo of {}", "a dark photo of {}", "a low resolution photo of {}", "photo: {}",
    "a macro photo of {}", "on the belt, {}", "top view of {}", "the picture shows {}", "here is {}",
    "an industrial image of {}", "a snapshot of {}", "example of {}", "we see {}", "a detailed picture of {}",
)
"""Around a phrase with an article."""

ADJECTIVE_FRAMES = (
    "{which}", "{which}", "{which}", "{adjective} {name}", "{name}, {adjective}", "the {name} is {adjective}",
    "this {name} is {adjective}", "{name} {adjective}", "{name}: {adjective}", "{part} that is {adjective}",
    "visual inspection: {name} {adjective}", "the {adjective} {name}", "{adjective}: {name}",
    "the {name} looks {adjective}",
    "{part}, {adjective}", "inspection note: the {name} is {adjective}", "it is {which}",
    "status of the {name}: {adjective}",
    "{part} which is {adjective}", "{name} ({adjective})", "the {name} appears {adjective}",
)

CLAUSE_FRAMES = (
    "{part} {clause}", "{part} {clause}", "{part} {clause}", "{name} {clause}", "the {name} {clause}",
    "this is {part} {clause}", "visual inspection: {name} {clause}", "{name}, {clause}", "one {name} {clause}",
    "close-up of the {name} {clause}", "{part}, {clause}",
)

VERB_FRAMES = (
    "the {name} {verb}", "this {name} {verb}", "{part} that {verb}", "{name} {verb}", "{part} which {verb}",
    "visual inspection: the {name} {verb}", "our {name} {verb}", "inspection note: this {name} {verb}",
    "photo of {part} that {verb}", "the {name} on the belt {verb}", "looks like the {name} {verb}",
)

THING_FRAMES = (
    "{part} with {thing}{place}", "{part} with {thing}{place}", "{thing} {on} {part}{place}",
    "{thing} {on} the {name}{place}",
    "{part} that has {thing}{place}", "there {are} {thing} {on} this {name}{place}", "{name}, {thing}{place}",
    "{name}: {thing}{place}", "the {name} has {thing}{place}", "the {name} shows {thing}{place}",
    "{bare} {on} {name}",
    "visual inspection: {thing} {on} the {name}{place}", "visual inspection: {bare}, {name}",
    "{part} showing {thing}{place}",
    "{bare} found {on} the {name}", "{part} having {thing}{place}", "{thing} can be seen {on} the {name}",
    "{bare}, {name}", "i see {thing} {on} this {name}{place}", "inspection note: {bare} {on} the {name}{place}",
    "{thing} visible {on} the {name}{place}", "{on} the {name} there {are} {thing}{place}",
    "finding: {thing} {on} {name}",
    "this {name} has {thing}{place}",
    "{name} with {bare}{place}", "{thing}{place}, seen {on} the {name}",
    "the camera found {thing} {on} the {name}{place}",
    "{name}; {bare}", "{part} and {thing} {on} it",
)

BARE_ADJECTIVES = (
    "{adjective}", "{adjective}", "it is {adjective}", "looks {adjective}", "{adjective} surface",
    "something {adjective}",
)
BARE_CLAUSES = ("something {clause}", "one {clause}")
BARE_VERBS = ("it {verb}", "{verb}", "this one {verb}")
BARE_THINGS = (
    "{thing}", "{bare}", "{bare}", "{thing}{place}", "there {are} {thing}{place}", "{thing} on the surface",
    "finding: {bare}",
    "{thing} can be seen", "i see {thing}", "visual inspection: {bare}",
    "a photo that shows {thing}", "the image shows {thing}",
)
"""Without any noun of a part."""

VERBS_FOR_ADJECTIVE = ("is {}", "is {}", "looks {}", "seems {}", "is clearly {}", "appears {}", "was {}")

VERBS_FOR_PARTICIPLE = (*VERBS_FOR_ADJECTIVE, "has been {}", "has been {}", "got {}", "got {}", "was {}")

CLAUSES_FOR_THING = (
    "with {}", "with {}", "showing {}", "that has {}", "that shows {}", "bearing {}", "exhibiting {}", "which has {}",
)

VERBS_FOR_THING = ("has {}", "has {}", "shows {}", "exhibits {}", "bears {}", "suffers from {}", "now has {}")

DEFECT_FRAMES = (
    "photo of {thing} {on} {part}", "close-up of {thing} {on} {part}", "a photo of {thing} {on} the {name}{place}",
    "reject: {name}, {bare}", "rejected because of {thing}: {name}", "defect found {on} the {name}: {bare}",
    "{name} damaged by {thing}", "{name} nok, {bare}", "complaint: {bare} {on} the {name}",
    "the {name} failed: {thing}",
    "image of {thing} {on} {part}{place}", "{thing} spoils the {name}",
)
BARE_DEFECT_FRAMES = (
    "a photo of {thing}", "close-up of {thing}", "reject: {bare}", "defect: {bare}", "an image of {thing}{place}",
    "rejected because of {thing}", "nok, {bare}", "damage: {bare}",
)
"""Those that say of themselves that something is wrong."""

GOOD_FRAMES = (
    "pass: {name}", "{name} ok", "accepted: {which}", "ok, {name} {clause}", "a photo of {part}",
    "no finding: {name}",
    "this {name} passes: {thing}", "released: the {name} is {adjective}", "{name}: ok, {thing}",
)
BARE_GOOD_FRAMES = ("ok", "pass", "accepted", "nothing to report", "no finding", "passed: {thing}", "all is well")
"""And those that say that nothing is."""

WITH_NOUN = (ADJECTIVE_FRAMES, CLAUSE_FRAMES, VERB_FRAMES, THING_FRAMES)
WITHOUT_NOUN = (BARE_ADJECTIVES, BARE_CLAUSES, BARE_VERBS, BARE_THINGS)
