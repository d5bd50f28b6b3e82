"""What a key of the CRM opens, and how long."""

import hashlib
from datetime import timedelta

import pytest

from leads import keys
from tests.cast import NOW, Stage

CHANCE = bytes(range(40))


def made(stage: Stage, chance: bytes = CHANCE) -> str:
    with stage.bot.transaction() as session:
        return keys.make(session, "CRM", chance, NOW)


def name_of(stage: Stage, key: str) -> str | None:
    with stage.bot.reading() as session:
        found = keys.check(session, key)
        return found.name if found else None


def test_a_key_opens_and_only_its_hash_is_kept(stage: Stage) -> None:
    key = made(stage)

    with stage.bot.reading() as session:
        (row,) = keys.listed(session)

    assert key == f"ff_{CHANCE[:4].hex()}_{CHANCE[4:].hex()}"
    assert row.key_hash == hashlib.sha256(key.encode()).hexdigest()
    assert CHANCE[4:].hex() not in repr(row)
    assert name_of(stage, key) == "CRM"


def test_nothing_else_opens(stage: Stage) -> None:
    key = made(stage)

    wrong = ["", "ff", "ff__", key[:-1], key + "0", key.upper(), key[:12], f" {key}", "ff_\0_", "é" * 50, "x" * 100_000]

    assert [name_of(stage, other) for other in wrong] == [None] * len(wrong)


def test_a_revoked_key_opens_nothing_any_more(stage: Stage) -> None:
    key = made(stage)
    with stage.bot.transaction() as session:
        (row,) = keys.listed(session)
        first, second = keys.revoke(session, key, NOW), keys.revoke(session, f"ff_{row.prefix}", NOW)

    assert (first, second, name_of(stage, key)) == (f"ff_{row.prefix}", "", None)


def test_the_last_use_is_noted_once_an_hour(stage: Stage) -> None:
    made(stage)
    noted = []

    for minutes in (0, 59, 60):
        with stage.bot.transaction() as session:
            (row,) = keys.listed(session)
            keys.note_use(session, row.id, NOW + timedelta(minutes=minutes))
        with stage.bot.reading() as session:
            noted.append(keys.listed(session)[0].last_used_at)

    assert noted == [NOW, NOW, NOW + timedelta(hours=1)]


def test_too_little_chance_makes_no_key(stage: Stage) -> None:
    with pytest.raises(ValueError), stage.bot.transaction() as session:
        keys.make(session, "CRM", bytes(31), NOW)
