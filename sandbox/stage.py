"""What one running sandbox consists of: the wire and the pretend platforms that play on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app

from sandbox.wire import Pretender, Wire


@dataclass(frozen=True, slots=True)
class Stage:
    wire: Wire
    pretenders: Mapping[str, Pretender]  # by name, in the order of the page's columns

    def view(self) -> dict[str, dict[str, Any]]:
        return {name: pretender.view() for name, pretender in self.pretenders.items()}


def current_stage() -> Stage:
    """The stage of the application that answers this request."""
    stage: Stage = current_app.extensions["stage"]
    return stage
