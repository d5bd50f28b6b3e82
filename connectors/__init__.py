"""The platforms' face: the contract's words, and every connector whose settings are there."""

import importlib
import pkgutil
from collections.abc import Mapping

from connectors.base import (
    Ask,
    Audience,
    Batch,
    Busy,
    Button,
    By,
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
    Taken,
    Uncertain,
    Unreachable,
    Way,
)

__all__ = [
    "Ask",
    "Audience",
    "Batch",
    "Busy",
    "Button",
    "By",
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
    "Taken",
    "Uncertain",
    "Unreachable",
    "Way",
    "audiences",
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


def audiences(environ: Mapping[str, str]) -> dict[str, Audience]:
    """The custom audiences that are set up, by id. Raises Misconfigured."""
    # Here, as above: the SDK takes a second to import, and commands that need none of it shall not wait.
    connect = importlib.import_module(f"{__name__}.meta.audiences").connect
    found: dict[str, Audience] = connect(environ)
    return found
