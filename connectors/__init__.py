"""The platforms' face: the contract's words, and every connector whose settings are there."""

import importlib
import pkgutil
from collections.abc import Mapping

from connectors.base import (
    Ask,
    Busy,
    Button,
    Called,
    Connector,
    Each,
    Interaction,
    Kind,
    Limit,
    Message,
    Misconfigured,
    Page,
    PlatformError,
    Receipt,
    Refused,
    Rules,
    Scope,
    Uncertain,
    Unreachable,
    Way,
)

__all__ = [
    "Ask",
    "Busy",
    "Button",
    "Called",
    "Connector",
    "Each",
    "Interaction",
    "Kind",
    "Limit",
    "Message",
    "Misconfigured",
    "Page",
    "PlatformError",
    "Receipt",
    "Refused",
    "Rules",
    "Scope",
    "Uncertain",
    "Unreachable",
    "Way",
    "load",
]


def load(environ: Mapping[str, str]) -> dict[str, Connector]:
    """Every connector of this folder whose settings are in `environ`, by name. Raises Misconfigured with all faults.

    Each file but the contract is a platform; a folder holds what is no platform's own speech.
    """
    found: dict[str, Connector] = {}
    faults: list[str] = []
    for name in sorted(file.name for file in pkgutil.iter_modules(__path__) if file.name != "base" and not file.ispkg):
        try:
            connector = importlib.import_module(f"{__name__}.{name}").connect(environ)
        except Misconfigured as error:
            faults.extend(error.faults)
        else:
            if connector is not None:
                found[name] = connector
    if faults:
        raise Misconfigured(faults)
    return found
