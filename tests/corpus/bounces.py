"""Prints how well bounces are understood, and where others see them otherwise: `python -m tests.corpus.bounces`."""

import sys
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.mail import letters
from connectors.mail.bounces import Failure, failures
from connectors.mail.verdicts import Verdict
from tests.corpus import shared


@dataclass(frozen=True)
class Compared:
    """One mail: how many hard bounces it tells of by their count, and what we heard."""

    file: str
    reasons: tuple[str, ...]
    expected: int
    heard: tuple[Failure, ...]

    @property
    def hard(self) -> int:
        return sum(failure.verdict is Verdict.HARD for failure in self.heard)


def main() -> None:
    if not shared.FOLDER.is_dir():
        sys.exit("The shared mails are not here.")
    compared = list(by_recipient())
    precision, recall = measured(compared)
    print(f"Hard bounces in {len(compared)} mails: precision {precision:.3f}, recall {recall:.3f}")
    for each in compared:
        if each.hard != each.expected:
            print(f"  {each.file:38} {each.expected} {' '.join(each.reasons):24} {each.hard} {told(each.heard)}")
    others = list(by_address())
    print(f"Addresses and delays in {len(others)} mails, told otherwise in {sum(not same for _, same, _ in others)}")
    for file, same, heard in others:
        if not same:
            print(f"  {file:38} {told(heard)}")


def by_recipient() -> Iterator[Compared]:
    """The mails of which somebody said, a recipient at a time, whether it is a hard bounce."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in shared.rows("bounces/sisimai_expected.csv"):
        rows[row["file"]].append(row)
    mails = unpacked("bounces/sisimai_emails.tar.gz")
    for file, expected in rows.items():
        if expected[0]["reason"]:  # the others have no verdict
            hard = sum(row["hard_bounce"] == "1" for row in expected)
            yield Compared(file, tuple(row["reason"] for row in expected), hard, heard(mails[file]))


def by_address() -> Iterator[tuple[str, bool, tuple[Failure, ...]]]:
    """Each mail of the other collection, and whether we hear the same addresses, failed or only late."""
    mails = unpacked("bounces/flufl_emails.tar.gz")
    for row in shared.rows("bounces/flufl_expected.csv"):
        found = heard(mails[row["file"]])
        addresses = {failure.address.lower() for failure in found}
        late = bool(found) and all(failure.verdict is Verdict.DELAYED for failure in found)
        expected = set(row["failed_addresses"].lower().split()), row["temporary"] == "True"
        yield row["file"], (addresses, late) == expected, found


def heard(mail: bytes) -> tuple[Failure, ...]:
    letter = letters.opened(mail)
    return () if letter is None else tuple(failures(letter, letters.storable(mail.decode(errors="replace"))))


def measured(compared: list[Compared]) -> tuple[float, float]:
    right = sum(min(each.expected, each.hard) for each in compared)
    return right / sum(each.hard for each in compared), right / sum(each.expected for each in compared)


def unpacked(name: str) -> dict[str, bytes]:
    with tarfile.open(shared.path(name)) as archive:
        files = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
        return {name.removeprefix("./"): file.read() for name, file in files.items() if file is not None}


def told(found: tuple[Failure, ...]) -> str:
    return ", ".join(f"{failure.code or '-'} {failure.verdict}" for failure in found) or "nothing"


if __name__ == "__main__":
    main()
