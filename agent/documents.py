"""Strict documents: decode JSON or check parsed TOML against a type, and name every mistake at once.

msgspec decodes fast but stops at its first error, so the slow walk below runs only when that failed.
A pointer is an RFC 6901 JSON pointer ("/lines/0/amount_minor").
"""

import difflib
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import inspect

from agent.errors import DocumentError, Mistake

T = TypeVar("T")
MAX_MISTAKES = 100


def decode_json(data: bytes, kind: type[T], *, what: str) -> T:
    """Decode strict JSON into `kind`.

    Raises:
        DocumentError: with every mistake (at most 100), each with its JSON pointer.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as failure:
        raise DocumentError(what, _mistakes_of_json(data, kind, failure)) from None
    except RecursionError:
        raise DocumentError(what, [Mistake("", "too_deep", {}, "nest less deeply")]) from None
    except UnicodeDecodeError:
        raise DocumentError(what, [Mistake("", "not_utf8", {}, "send UTF-8")]) from None


def convert(plain: object, kind: type[T], *, what: str) -> T:
    """Turn parsed data (TOML, builtins) into `kind`, strictly.

    Raises:
        DocumentError: with every mistake, each with its pointer.
    """
    try:
        return msgspec.convert(plain, type=kind)
    except msgspec.ValidationError as failure:
        raise DocumentError(what, _all_or_first(plain, kind, failure)) from None


def mistakes_in(plain: object, kind: type) -> list[Mistake]:
    """Return every mistake of parsed data against `kind`, none if it fits."""
    found: list[Mistake] = []
    _walk(plain, _type_info(kind), "", found)
    return found[:MAX_MISTAKES]


@lru_cache(maxsize=64)
def _type_info(kind: type) -> inspect.Type:
    """Look into a type once: for a programme that takes longer than all the rest of reading it."""
    return inspect.type_info(kind)


def _mistakes_of_json(data: bytes, kind: type, failure: msgspec.DecodeError) -> list[Mistake]:
    try:
        plain = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return [Mistake("", "not_json", {"detail": str(failure)}, "send one JSON object")]
    return _all_or_first(plain, kind, failure)


def _all_or_first(plain: object, kind: type, failure: Exception) -> list[Mistake]:
    return mistakes_in(plain, kind) or [_from_message(str(failure))]


def _from_message(message: str) -> Mistake:
    detail, _, path = message.partition(" - at `$")
    pointer = path.rstrip("`").replace("[", "/").replace("]", "").replace(".", "/")
    return Mistake(pointer, "invalid", {"detail": detail}, "correct this value")


def _walk(plain: object, kind: inspect.Type, at: str, found: list[Mistake]) -> None:
    if len(found) >= MAX_MISTAKES:
        return
    if isinstance(kind, inspect.Metadata) and not isinstance(kind.type, inspect.StrType):
        _walk(plain, kind.type, at, found)
    elif isinstance(kind, inspect.StructType) and isinstance(plain, dict):
        _walk_struct(plain, kind, at, found)
    elif isinstance(kind, inspect.ListType) and isinstance(plain, list):
        _walk_list(plain, kind, at, found)
    elif isinstance(kind, inspect.DictType) and isinstance(plain, dict):
        for key, value in plain.items():
            _walk(value, kind.value_type, f"{at}/{_escape(str(key))}", found)
    elif isinstance(kind, inspect.UnionType) and isinstance(plain, dict | list):
        _walk_union(plain, kind, at, found)
    else:
        _check_leaf(plain, kind, at, found)


def _walk_list(plain: list[Any], kind: inspect.ListType, at: str, found: list[Mistake]) -> None:
    before = len(found)
    for index, item in enumerate(plain):
        _walk(item, kind.item_type, f"{at}/{index}", found)
    if len(found) == before:
        _check_leaf(plain, kind, at, found)


def _walk_union(plain: object, kind: inspect.UnionType, at: str, found: list[Mistake]) -> None:
    """Look into the one member of a union that has the shape of what came."""
    shape = inspect.StructType if isinstance(plain, dict) else inspect.ListType
    for member in kind.types:
        if isinstance(member, shape):
            _walk(plain, member, at, found)
            return
    _check_leaf(plain, kind, at, found)


def _walk_struct(plain: dict[Any, Any], kind: inspect.StructType, at: str, found: list[Mistake]) -> None:
    fields = {field.encode_name: field for field in kind.fields}
    for key, value in plain.items():
        pointer = f"{at}/{_escape(str(key))}"
        if key in fields:
            _walk(value, fields[key].type, pointer, found)
        elif kind.forbid_unknown_fields:
            found.append(_unknown(str(key), list(fields), pointer))
    for name, field in fields.items():
        if field.required and name not in plain:
            found.append(Mistake(f"{at}/{name}", "missing", {"key": name}, f"add {name!r}"))


def _unknown(key: str, known: list[str], pointer: str) -> Mistake:
    nearest = difflib.get_close_matches(key, known, n=1)
    if nearest:
        return Mistake(pointer, "unknown_field", {"nearest": nearest[0]}, f"did you mean {nearest[0]!r}?")
    return Mistake(pointer, "unknown_field", {}, f"remove it; known here: {', '.join(sorted(known))}")


def _check_leaf(plain: object, kind: inspect.Type, at: str, found: list[Mistake]) -> None:
    try:
        msgspec.convert(plain, type=_as_annotation(kind))
    except msgspec.ValidationError as failure:
        detail = {"detail": str(failure).partition(" - at ")[0]}
        found.append(Mistake(at, "invalid", detail, _remedy(kind) or "correct this value"))


def _remedy(kind: inspect.Type) -> str:
    """Return how such a value is written: examples of its type, or its few values; empty if unknown."""
    match kind:
        case inspect.Metadata(extra_json_schema={"examples": list(examples)}):
            return "write it like " + " or ".join(f'"{one}"' for one in examples)
        case inspect.LiteralType(values=values):
            return f"write one of {', '.join(map(str, values))}"
        case inspect.UnionType(types=types):
            return next((told for one in types if (told := _remedy(one))), "")
        case _:
            return ""


def _as_annotation(kind: inspect.Type) -> Any:  # noqa: C901, PLR0911 - a type expression, one line a kind
    """Rebuild a type expression for a leaf, constraints included."""
    match kind:
        case inspect.Metadata(type=inner):
            return _as_annotation(inner)
        case inspect.IntType(gt=gt, ge=ge, lt=lt, le=le):
            return _meta(int, gt=gt, ge=ge, lt=lt, le=le)
        case inspect.StrType(min_length=low, max_length=high, pattern=pattern):
            return _meta(str, min_length=low, max_length=high, pattern=pattern)
        case inspect.UnionType(types=types):
            union: Any = _as_annotation(types[0])
            for member in types[1:]:
                union |= _as_annotation(member)
            return union
        case inspect.ListType(item_type=item, min_length=low, max_length=high):
            return _meta(list[_as_annotation(item)], min_length=low, max_length=high)  # type: ignore[misc]
        case inspect.DictType(value_type=value):
            return dict[str, _as_annotation(value)]  # type: ignore[misc]
        case inspect.StructType(cls=cls) | inspect.EnumType(cls=cls):
            return cls
        case inspect.LiteralType(values=values):
            return Literal[values]
        case inspect.DateTimeType(tz=tz):
            return _meta(datetime, tz=tz)
        case _:
            return _PLAIN.get(type(kind), Any)


def _meta(kind: Any, **limits: Any) -> Any:
    kept = {name: limit for name, limit in limits.items() if limit is not None}
    return Annotated[kind, msgspec.Meta(**kept)] if kept else kind


_PLAIN: dict[type, Any] = {
    inspect.BoolType: bool,
    inspect.FloatType: float,
    inspect.NoneType: None,
    inspect.DateType: date,
    inspect.BytesType: bytes,
}


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
