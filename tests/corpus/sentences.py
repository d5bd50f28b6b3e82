"""Reads the labelled sentences of this folder, which are all our own."""

from pathlib import Path


def labelled(name: str) -> list[tuple[str, str]]:
    """The (text, label) pairs of a file in which a line "= label" heads the texts below it."""
    label, pairs = "", []
    for line in (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("= "):
            label = line.removeprefix("= ")
        elif line and not line.startswith("# "):
            pairs.append((line, label))
    return pairs
