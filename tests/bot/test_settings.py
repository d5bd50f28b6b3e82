"""Settings: all faults at once, in words, and `.env.example` names each."""

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest

import connectors
from bot import assembly
from bot.settings import Settings, env_file
from connectors import Misconfigured

CHECKOUT = Path(__file__).parents[2]
KEY = "0f5a3c9e7b1d4f6082a4c6e8f0b2d4e6"


def test_all_faults_are_told_together() -> None:
    environ = {"SECRET_KEY": "short", "PORT": "many", "FACEBOOK_APP_SECRET": "x", "X_BEARER_TOKEN": "y"}

    with pytest.raises(Misconfigured) as wrong:
        assembly.assemble(environ)

    named = {fault.split(":")[0].split(" ")[0] for fault in wrong.value.faults}
    assert {"SECRET_KEY", "PORT"} <= named
    assert any("FACEBOOK_VERIFY_TOKEN" in fault for fault in wrong.value.faults)
    assert any("X_USER_ID" in fault for fault in wrong.value.faults)


@pytest.mark.parametrize("key", ["", "short", "change-me-change-me-change-me-change-me"])
def test_a_placeholder_is_no_secret(key: str) -> None:
    with pytest.raises(Misconfigured):
        Settings.read({"SECRET_KEY": key})


def test_a_secret_stands_in_no_text_of_the_settings() -> None:
    settings = Settings.read({"SECRET_KEY": KEY, "DATABASE_URL": "postgresql://me:hidden@db/fans"})

    assert KEY not in repr(settings)
    assert "hidden" not in repr(settings)


def test_the_example_file_names_each_setting_and_no_other() -> None:
    named = set(re.findall(r"^([A-Z_]+)=", (CHECKOUT / ".env.example").read_text(), re.MULTILINE))

    assert named == {name.upper() for name in Settings.model_fields} | {"BIND"} | read_by_platforms()


def read_by_platforms() -> set[str]:
    """What the connectors ask the environment for: each is given one that writes down what it is asked."""
    asked = Asked()
    connectors.load(asked)
    connectors.audiences(asked)
    with contextlib.suppress(Misconfigured):
        connectors.load(
            Asked({"X_BEARER_TOKEN": "t", "TELEGRAM_BOT_TOKEN": "7:t", "FACEBOOK_PAGES": "1:t"}, asked.names)
        )
    return {name for name in asked.names if not name.startswith("SANDBOX")}


class Asked(dict[str, str]):
    """An environment that remembers which names it was asked for."""

    def __init__(self, given: dict[str, str] | None = None, names: set[str] | None = None) -> None:
        super().__init__(given or {})
        self.names: set[str] = names if names is not None else set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


def test_a_file_of_settings_is_read_as_one_expects(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# a remark\nBRAND='Maison Zéphyr'\n\nPORT = 9000\nEMPTY=\n", encoding="utf-8")

    assert env_file(tmp_path / ".env") == {"BRAND": "Maison Zéphyr", "PORT": "9000", "EMPTY": ""}
