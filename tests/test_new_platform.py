"""A new platform is one file: nothing else in the house knows its name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import connectors
from connectors import Misconfigured


@pytest.fixture
def with_pigeons(tmp_path: Path) -> Iterator[None]:
    """The invented platform's file, laid into the folder of the connectors."""
    (tmp_path / "pigeon.py").write_text((Path(__file__).parent / "pigeon.py").read_text())
    connectors.__path__.append(str(tmp_path))
    yield
    connectors.__path__.remove(str(tmp_path))


@pytest.mark.usefixtures("with_pigeons")
def test_a_file_in_the_folder_is_a_platform() -> None:
    found = connectors.load({"PIGEON_LOFT": "loft", "PIGEON_RING": "ring"})

    assert {name: connector.accounts for name, connector in found.items()} == {"pigeon": ("loft",)}


@pytest.mark.usefixtures("with_pigeons")
def test_without_its_settings_it_is_absent() -> None:
    assert connectors.load({}) == {}


@pytest.mark.usefixtures("with_pigeons")
def test_half_set_it_says_what_is_missing() -> None:
    with pytest.raises(Misconfigured) as wrong:
        connectors.load({"PIGEON_LOFT": "loft"})

    assert wrong.value.faults == ["PIGEON_RING: is missing; it stands on the pigeon's leg."]
