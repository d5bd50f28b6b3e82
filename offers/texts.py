"""What managers write about an offer, with the fan's name, the brand and the value filled in."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

VARIABLES = ("name", "brand", "value")
LONGEST_NAME = 40  # letters

# Plain text, for platforms and for pages that escape it themselves.
_environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, trim_blocks=True)

_environment.globals.clear()

# Words and "if": enough for a greeting, and nothing that could run for long or look around.
ALLOWED = (
    nodes.And,
    nodes.CondExpr,
    nodes.Const,
    nodes.If,
    nodes.Name,
    nodes.Not,
    nodes.Or,
    nodes.Output,
    nodes.Template,
    nodes.TemplateData,
)


class Wrong(StrEnum):
    """What can be wrong with a text. A page puts it into words."""

    SYNTAX = "syntax"  # braces that don't close
    UNKNOWN = "unknown"  # a variable that we don't have
    FORBIDDEN = "forbidden"  # more than variables and "if"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: a line's number, a variable's name, or a limit; and the word that was meant."""

    what: StrEnum
    where: str = ""
    meant: str = ""


def render(source: str, words: Mapping[str, str]) -> str:
    """The text with its words filled in. Raises TemplateError where `faults` finds one, or where a word is missing."""
    return _template(source).render(words).strip()


def filled(parts: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    """All the texts of an offer in one language, with their words filled in."""
    return {part: render(source, words) for part, source in parts.items()}


def first_name(name: str) -> str:
    """How a text calls a fan; empty where the platform tells no name."""
    return name.split()[0][:LONGEST_NAME] if name.strip() else ""


def faults(source: str) -> list[Fault]:
    """Everything that keeps this text from being shown."""
    try:
        tree = _environment.parse(source)
    except TemplateSyntaxError as error:
        return [Fault(Wrong.SYNTAX, str(error.lineno))]
    forbidden = {node.lineno or 1 for node in tree.find_all(nodes.Node) if not isinstance(node, ALLOWED)}
    unknown = meta.find_undeclared_variables(tree) - set(VARIABLES)
    return [Fault(Wrong.FORBIDDEN, str(line)) for line in sorted(forbidden)] + [
        Fault(Wrong.UNKNOWN, name) for name in sorted(unknown)
    ]


@lru_cache(maxsize=256)
def _template(source: str) -> Template:
    return _environment.from_string(source)
