"""Seed one fault after the other in a copy of the project and see whether the model notices: a check of the checker.

`python -m tests.permits_model.faults` plays what the suite plays, on SQLite, and prints a table. It takes minutes.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import cache_from_source
from pathlib import Path

import click

from tests import postgres
from tests.permits_model import play
from tests.permits_model.seeded import FAULTS, Fault

HERE = Path(__file__).parents[2]
LONGEST = 600  # seconds that one fault is played
NEEDED = ("connectors", "optin", "offers", "leads", "bot", "webhooks", "tests", "pyproject.toml")


@click.command()
@click.option("--stories", default=play.STORIES, show_default=True)
@click.argument("words", nargs=-1)
def main(stories: int, words: tuple[str, ...]) -> None:
    """Play all faults, or those that have one of these words in their name."""
    chosen = [fault for fault in FAULTS if not words or any(word in fault.breaks for word in words)]
    with tempfile.TemporaryDirectory(dir=postgres._tools(), prefix="faults-") as folder:
        tree = _copied(Path(folder))
        assert _complaint(tree, stories) == "", "the model complains where there is no fault"
        missed = sum(not _caught(tree, fault, stories) for fault in chosen)
    click.echo(f"{len(chosen) - missed} of {len(chosen)} caught.")
    sys.exit(bool(missed))


def _copied(tree: Path) -> Path:
    for name in NEEDED:
        if (HERE / name).is_dir():
            shutil.copytree(HERE / name, tree / name)
        else:
            shutil.copy(HERE / name, tree / name)
    return tree


def _caught(tree: Path, fault: Fault, stories: int) -> bool:
    """Play with the fault, and take it out again."""
    path, begun = tree / fault.file, time.monotonic()
    whole = path.read_text()
    assert whole.count(fault.old) == 1, f"{fault.file} holds {whole.count(fault.old)} times: {fault.old}"
    _write(path, whole.replace(fault.old, fault.new))
    complaint = _complaint(tree, stories)
    _write(path, whole)
    took = f"{time.monotonic() - begun:4.0f} s"
    click.echo(f"| {fault.breaks} | {fault.file} | {'caught' if complaint else 'NOT caught'} | {took} | {complaint} |")
    return bool(complaint)


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    Path(cache_from_source(str(path))).unlink(missing_ok=True)  # within one second Python would not see the change


def _complaint(tree: Path, stories: int) -> str:
    """What the model says against it; empty where it says nothing. Any other end than its own is no catch."""
    command = [sys.executable, "-m", "tests.permits_model", "--stories", str(stories)]
    alone = os.environ | {"PYTHONPATH": str(tree)}
    played = subprocess.run(command, cwd=tree, env=alone, capture_output=True, text=True, timeout=LONGEST, check=False)
    if played.returncode == 0:
        return ""
    lines = played.stderr.splitlines()
    said = next((line for line in lines if "AssertionError" in line), "")
    if not said:
        click.echo(f"it broke and the model has no word for it: {lines[-1] if lines else played.returncode}")
    return said.replace("|", "/").removeprefix("  ")[:100]


if __name__ == "__main__":
    main()
