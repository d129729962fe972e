"""Validation errors to messages that say what is allowed and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from inspection.config.fields import Strict
from inspection.config.problems import KeyPath, Problem, Source, child, in_words
from inspection.wording import did_you_mean

_OF_THE_FILE = "name"
_RANGE = {"greater_than_equal", "greater_than", "less_than_equal", "less_than"}
_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


def explain(source: Source, model: type[Strict], error: ValidationError | None) -> Iterator[Problem]:
    """One problem for each error, and one for each key without a value."""
    empty = list(_empty(source.data, ()))
    for path in empty:
        to_do = "write one or remove the key"
        yield source.problem(path, _sentence("has no value", _schema_at(model, source, path), to_do))
    for detail in error.errors(include_url=False) if error else ():
        path = _path_in_file(source, model, detail)
        if path not in empty and not _follows_from_another(detail):
            yield source.problem(path, _explain(source, model, path, detail))


def _explain(source: Source, model: type[Strict], path: KeyPath, detail: ErrorDetails) -> str:
    value, schema = detail["input"], _schema_at(model, source, path)
    match detail["type"]:
        case "refused":
            return detail["msg"]
        case "extra_forbidden":
            return _unknown_key(str(path[-1]), _mapping_at(model, source, path[:-1]))
        case "missing":
            return _sentence("is missing", schema, "add it")
        case "union_tag_not_found":
            return f"kind is missing; add it; allowed {' or '.join(schema['discriminator']['mapping'])}"
        case "union_tag_invalid":
            tags = _schema_at(model, source, path[:-1])["discriminator"]["mapping"]
            return _not_one_of(value["kind"], list(tags))
        case "literal_error":
            return _not_one_of(value, schema.get("enum") or [schema.get("const")])
        case kind if kind in _RANGE:
            return _sentence(f"{in_words(value)} is out of range", schema)
        case "finite_number":
            return _sentence(f"{in_words(value)} is not a number", schema)
        case "string_too_short" | "too_short":
            return _sentence("is empty", schema)
        case "string_too_long" | "too_long":
            return _sentence(f"{in_words(value)} is too long", schema)
        case "string_pattern_mismatch":
            return _sentence(f"{in_words(value)} is not allowed", schema)
        case _:
            return _sentence(_wrong_type(value, schema), schema)


def _follows_from_another(detail: ErrorDetails) -> bool:
    """The file's own name, a default that waits for a wrong value, a list that is short because its items are wrong."""
    too_short = detail["type"] == "too_short" and detail["input"] != ()
    return too_short or detail["type"] == "default_factory_not_called" or detail["loc"] == (_OF_THE_FILE,)


def _wrong_type(value: Any, schema: Mapping[str, Any]) -> str:
    is_text = f"{in_words(value)} is text" if isinstance(value, str) else f"{in_words(value)} is of the wrong type"
    if isinstance(value, str) and schema.get("type") in {"integer", "number"} and _is_number(value):
        return f"{is_text}; write it without quotes"
    if isinstance(value, int | float) and schema.get("type") == "string":
        return f"{is_text}; write it in quotes"
    return is_text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unknown_key(key: str, schema: Mapping[str, Any]) -> str:
    keys = [known for known in schema.get("properties", {}) if known != _OF_THE_FILE or not schema.get("is_file")]
    hint = did_you_mean(key, keys)
    return f"unknown key; {hint + ' ' if hint else ''}allowed keys: {', '.join(keys)}; correct or remove it"


def _not_one_of(value: Any, allowed: list[Any]) -> str:
    hint = did_you_mean(value, [text for text in allowed if isinstance(text, str)]) if isinstance(value, str) else ""
    options = ", ".join(str(option) for option in allowed)
    return f"{in_words(value)} is not allowed; {hint + ' ' if hint else ''}allowed {options}"


def _sentence(what: str, schema: Mapping[str, Any], to_do: str = "") -> str:
    allowed = _allowed(schema)
    note = "" if "properties" in schema else schema.get("description", "")
    return "; ".join(part for part in (what, to_do, f"allowed {allowed}" if allowed else "", note) if part)


def _allowed(schema: Mapping[str, Any]) -> str:
    if "allowed" in schema:
        return str(schema["allowed"])
    if "discriminator" in schema:
        return f"a mapping with kind {' or '.join(schema['discriminator']['mapping'])}"
    if "properties" in schema:
        return f"a mapping with the keys {', '.join(schema['properties'])}"
    if "enum" in schema or "const" in schema:
        return ", ".join(str(option) for option in schema.get("enum") or [schema["const"]])
    kind = _KINDS.get(schema.get("type", ""), "")
    if "minimum" in schema:
        unit = f" ({schema['unit']})" if schema.get("unit") else ""
        whole = ", a whole number" if schema["type"] == "integer" else ""
        return f"{schema['minimum']:.10g} to {schema['maximum']:.10g}{unit}{whole}"
    return kind


def _empty(value: Any, path: KeyPath) -> Iterator[KeyPath]:
    """Every key that is written without a value."""
    if value is None:
        yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _empty(inner, (*path, key))
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from _empty(inner, (*path, index))


def _path_in_file(source: Source, model: type[Strict], detail: ErrorDetails) -> KeyPath:
    """The error's place without the tags of unions, which are in no file; a missing key is its last step."""
    path: KeyPath = ()
    value: Any = source.data
    steps = detail["loc"]
    tagged: KeyPath | None = None
    for position, step in enumerate(steps):
        is_union = tagged != path and "discriminator" in _schema_at(model, source, path)
        if is_union and step == child(value, "kind"):  # before any key of it, which may have the same name
            tagged = path
            continue
        is_there = step in value if isinstance(value, dict) else isinstance(step, int)
        if is_there or (detail["type"] == "missing" and position == len(steps) - 1):
            path, value = (*path, step), child(value, step)
    return (*path, "kind") if detail["type"] == "union_tag_invalid" else path


@cache
def _schema(model: type[Strict]) -> dict[str, Any]:
    return {**model.model_json_schema(by_alias=True), "is_file": True}


def _schema_at(model: type[Strict], source: Source, path: KeyPath) -> Mapping[str, Any]:
    """The JSON schema of a place in the file; empty where the model knows none."""
    if not path:
        return _schema(model)
    outer, step = _mapping_at(model, source, path[:-1]), path[-1]
    if isinstance(step, str):  # a key of the model, or one of a table with keys of its own
        inner = outer.get("properties", {}).get(step) or outer.get("additionalProperties") or {}
    else:
        inner = outer.get("items", {})
    return _resolved(_schema(model), inner)


def _mapping_at(model: type[Strict], source: Source, path: KeyPath) -> Mapping[str, Any]:
    """The same; of a union, the member whose kind is written in the file."""
    schema, value = _schema_at(model, source, path), source.data
    for step in path:
        value = child(value, step)
    if "discriminator" not in schema:
        return schema
    kind = child(value, "kind")
    reference = schema["discriminator"]["mapping"].get(kind) if isinstance(kind, str) else None
    return _resolved(_schema(model), {"$ref": reference}) if reference else {}


def _resolved(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """References followed, "or null" dropped."""
    schema = dict(schema)
    for option in schema.pop("anyOf", ()):
        if option.get("type") != "null":
            schema = {**option, **schema}
    if "$ref" in schema:
        definition = root["$defs"][schema.pop("$ref").rsplit("/", 1)[-1]]
        schema = {**definition, **schema}
    return schema
