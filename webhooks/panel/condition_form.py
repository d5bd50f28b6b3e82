"""Whom an offer is for, as rows and groups of a form: typed, reshaped by its buttons, and written as a document.

A group says how many of its rows a person must meet. "None" and "not all" are how a `not` stands in the form: of one
row, none. So whatever a document says, the form can show, and writes down again as it was.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count
from typing import Any

from werkzeug.datastructures import MultiDict

from offers import condition_rows
from offers.condition_rows import DEEPEST, VERSION
from offers.conditions import FIELDS, OPERATORS, All, Condition, Kind, Money, Not, Operator, Tree, Yes
from offers.conditions import Any as OneOf
from offers.editing import Faults
from optin.standing import Purpose
from webhooks.panel.typed import NUMBER, listed, shown_amount, squeezed, typed_amount

ROOT = "conditions"
DEEPEST_ADDED = 2  # groups within groups that the form's button adds; deeper ones are shown as they stand
FIRST = {Kind.YES_OR_NO: ("yes",), Kind.CONSENT: ("email", Purpose.OFFERS.value)}  # of a new row


class Match(StrEnum):
    """How many of a group's rows a person must meet."""

    ALL = "all"
    ANY = "any"
    NONE = "none"
    NOT_ALL = "not_all"


@dataclass(frozen=True, slots=True)
class Row:
    """`typed` holds the words that were ticked or written, a number, an amount and its currency, or a
    channel and a purpose."""

    field: str
    operator: str
    typed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    match: str = Match.ALL
    of: tuple["Row | Group", ...] = ()


Path = tuple[int, ...]
Places = dict[str, str]  # where a node stands in the document: its name in the form


def sent(form: MultiDict[str, str]) -> Group | None:
    """None: the form that was sent has no conditions, and they stay as they stand."""
    return _sent(form, ROOT, DEEPEST) if f"{ROOT}.match" in form else None


def _sent(form: MultiDict[str, str], name: str, deeper: int) -> Group:
    return Group(form[f"{name}.match"], tuple(_nodes(form, name, deeper)))


def _nodes(form: MultiDict[str, str], name: str, deeper: int) -> Iterator[Row | Group]:
    for each in (f"{name}.{place}" for place in count()):
        if f"{each}.field" in form:
            yield Row(form[f"{each}.field"], form.get(f"{each}.operator", ""), tuple(form.getlist(f"{each}.value")))
        elif f"{each}.match" in form and deeper:
            yield _sent(form, each, deeper - 1)
        else:
            return


def of(document: object) -> Group:
    """The form of what an offer keeps."""
    node = _shown(condition_rows.from_json(document))
    return node if isinstance(node, Group) else Group(Match.ALL, (node,))


def _shown(tree: Tree) -> Row | Group:
    match tree:
        case Condition(name, operator, value):
            return Row(name, operator, _typed(value))
        case All(of):
            return Group(Match.ALL, tuple(map(_shown, of)))
        case OneOf(of):
            return Group(Match.ANY, tuple(map(_shown, of)))
        case Not(All(of)):
            return Group(Match.NOT_ALL, tuple(map(_shown, of)))
        case Not(OneOf(of)):
            return Group(Match.NONE, tuple(map(_shown, of)))
        case Not(of):
            return Group(Match.NONE, (_shown(of),))


def _typed(value: object) -> tuple[str, ...]:
    match value:
        case None:
            return ()
        case bool():
            return ("yes" if value else "no",)
        case tuple():
            return value
        case Yes(channel, purpose):
            return channel, purpose
        case Money(amount, currency):
            return shown_amount(amount, currency), currency
        case _:
            return (str(value),)


def document(group: Group) -> tuple[dict[str, Any], Places]:
    """As an offer keeps it, readable or not, and where in the form each part of it stands."""
    places: Places = {}
    return {"version": VERSION, "where": _node(group, ROOT, (), places)}, places


def faults(found: Faults, places: Places) -> Faults:
    """With those of conditions beside their rows."""
    where = {f"{ROOT}.{place}".rstrip("."): name for place, name in places.items()}
    return {where.get(name, name): told for name, told in found.items()}


def _node(node: Row | Group, name: str, path: Path, places: Places) -> dict[str, Any]:
    places[".".join(map(str, path))] = name
    match node:
        case Row():
            return {"field": node.field, "operator": node.operator} | _value(node)
        case Group(Match.NONE, (one,)):
            return {"not": _node(one, f"{name}.0", (*path, 0), places)}
        case Group(Match.NONE, of):
            return {"not": _of(Match.ANY, of, name, (*path, 0), places)}
        case Group(Match.NOT_ALL, of):
            return {"not": _of(Match.ALL, of, name, (*path, 0), places)}
        case Group(match, of):
            return _of(match, of, name, path, places)


def _of(match: str, of: tuple[Row | Group, ...], name: str, path: Path, places: Places) -> dict[str, Any]:
    places[".".join(map(str, path))] = name
    return {match: [_node(each, f"{name}.{place}", (*path, place), places) for place, each in enumerate(of)]}


def _value(row: Row) -> dict[str, Any]:
    """What can't be read stays as it was typed: whoever reads the document says what is wrong with it."""
    if row.operator == Operator.NEVER or row.field not in FIELDS:
        return {}
    first = row.typed[0] if row.typed else ""
    match FIELDS[row.field].kind:
        case Kind.WORDS if FIELDS[row.field].folded:  # of several words, now and then
            return {"value": list(listed(",".join(row.typed), r"[,;]"))}
        case Kind.WORDS | Kind.OFFERS:
            return {"value": list(listed(",".join(row.typed), r"[,;\s]"))}
        case Kind.COUNT | Kind.SHARE | Kind.AGE:
            number = squeezed(first)
            return {"value": int(number) if NUMBER.fullmatch(number) else first}
        case Kind.YES_OR_NO:
            return {"value": {"yes": True, "no": False}.get(first, first)}
        case Kind.MONEY:
            currency = row.typed[1] if len(row.typed) > 1 else ""
            return {"value": {"amount": typed_amount(first, currency), "currency": currency}}
        case Kind.CONSENT:
            return {"value": dict(zip(("channel", "purpose"), row.typed, strict=False))}


def reshaped(group: Group, wish: str, field: str) -> tuple[Group, str]:
    """The form after a button: "row:0.1", "group:0.1" or "remove:0.1"; and where the manager goes on."""
    verb, _, place = wish.partition(":")
    try:
        path = tuple(map(int, place.split("."))) if place else ()
        return _DOING[verb](group, path, field)
    except (KeyError, IndexError, TypeError, ValueError):
        return group, ""  # no button of ours


def _with_row(group: Group, path: Path, field: str) -> tuple[Group, str]:
    kind = FIELDS[field].kind
    return _with(group, path, Row(field, OPERATORS[kind][0], FIRST.get(kind, ())))


def _with_group(group: Group, path: Path, _: str) -> tuple[Group, str]:
    return _with(group, path, Group(Match.ANY))


def _with(group: Group, path: Path, new: Row | Group) -> tuple[Group, str]:
    places: list[int] = []

    def add(one: Group) -> Group:
        places.append(len(one.of))
        return replace(one, of=(*one.of, new))

    return _at(group, path, add), _name((*path, *places))


def _without(group: Group, path: Path, _: str) -> tuple[Group, str]:
    *above, place = path
    return _at(group, tuple(above), lambda one: replace(one, of=_cut(one.of, place))), _name(tuple(above))


def _cut(of: tuple[Row | Group, ...], place: int) -> tuple[Row | Group, ...]:
    return of[:place] + of[place + 1 :]


def _at(group: Group, path: Path, change: Callable[[Group], Group]) -> Group:
    if not path:
        return change(group)
    place, *rest = path
    inner = group.of[place]
    if not isinstance(inner, Group):
        raise TypeError("a row holds no rows")
    return replace(group, of=(*group.of[:place], _at(inner, tuple(rest), change), *group.of[place + 1 :]))


def _name(path: Path) -> str:
    return ".".join((ROOT, *map(str, path)))


_DOING: dict[str, Callable[[Group, Path, str], tuple[Group, str]]] = {
    "row": _with_row,
    "group": _with_group,
    "remove": _without,
}
