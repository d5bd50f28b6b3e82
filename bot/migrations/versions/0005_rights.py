"""The rights of fans: what an erasure leaves, and journals that let go of one who asked to be forgotten."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Moment = sqlmodel.sql.sqltypes.UTCDateTime

# Who is erased is referred to by these. Without an index each erasure would read the whole tables.
REFERRED = (
    ("claim", "profile_id"), ("confirmation", "asked_id"), ("consent", "profile_id"), ("inbox", "author"),
    ("lead", "claim_id"), ("lead", "consent_id"), ("message", "claim_id"), ("message", "profile_id"),
    ("preference", "profile_id"),
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "forgotten",
        sa.Column("hash", Text(length=64), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_forgotten")),
    )
    op.create_index(op.f("ix_forgotten_until"), "forgotten", ["until"])
    op.create_table(
        "erased_lead",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erased_lead")),
        sa.UniqueConstraint("revision", name=op.f("uq_erased_lead_revision")),
    )
    op.add_column("erasure", sa.Column("found", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("fan", sa.Column("reduced_at", Moment(), nullable=True))
    op.create_index(op.f("ix_fan_reduced_at"), "fan", ["reduced_at"])
    op.add_column("inbox", sa.Column("emptied_at", Moment(), nullable=True))
    for table, column in REFERRED:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    _let_go_of_the_erased()


# What a line says never changes. Who is being erased may be taken out of what others' lines tell of him.
SAID = (
    "id", "fan_id", "channel", "purpose", "act", "wording", "wording_hash", "how", "asked_at", "given_at",
    "recorded_at",
)  # fmt: skip
TOLD_THROUGH = ("profile_id", "evidence", "place")
DECIDED = (
    "id", "fan_id", "message_id", "inbox_id", "at", "stage", "verdict", "why", "until", "held", "law", "house_rules",
    "chosen",
)  # fmt: skip


THROUGH_NO_ERASED = (
    "NEW.profile_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM profile "
    "JOIN erasure ON erasure.fan_id = profile.fan_id WHERE profile.id = OLD.profile_id AND erasure.done_at IS NULL)"
)


def _let_go_of_the_erased() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _on_postgresql()
    else:
        _on_sqlite()


def _on_postgresql() -> None:
    for table in ("consent", "receipt"):
        op.execute(f"DROP TRIGGER {table}_stays ON {table}")
    op.execute("DROP TRIGGER fan_link_keeps ON fan_link")
    for table, columns in (("consent", SAID), ("receipt", DECIDED)):
        named = ", ".join(columns)
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE OF {named} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    _function(
        "refuse_to_forget_through_whom",
        THROUGH_NO_ERASED,
    )
    _function(
        "refuse_to_forget_whose_word",
        "NOT EXISTS (SELECT 1 FROM erasure WHERE done_at IS NULL AND position(fan_id::text IN OLD.facts::text) > 0)",
    )
    _function(
        "refuse_to_unlink_silently",
        "NOT EXISTS (SELECT 1 FROM erasure WHERE fan_id IN (OLD.fan_id, OLD.other_id))",
    )
    through = ", ".join(TOLD_THROUGH)
    op.execute(
        f"CREATE TRIGGER consent_forgets BEFORE UPDATE OF {through} ON consent "
        "FOR EACH ROW EXECUTE FUNCTION refuse_to_forget_through_whom()"
    )
    op.execute(
        "CREATE TRIGGER receipt_forgets BEFORE UPDATE OF facts ON receipt "
        "FOR EACH ROW EXECUTE FUNCTION refuse_to_forget_whose_word()"
    )
    op.execute(
        "CREATE TRIGGER fan_link_keeps BEFORE DELETE ON fan_link "
        "FOR EACH ROW EXECUTE FUNCTION refuse_to_unlink_silently()"
    )


def _function(name: str, refused: str) -> None:
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {refused} THEN "
        "RAISE EXCEPTION 'the journal % forgets only who asked for it', TG_TABLE_NAME USING ERRCODE = '23514'; "
        "END IF; RETURN COALESCE(NEW, OLD); END $$"
    )


def _on_sqlite() -> None:
    for trigger in ("consent_stays", "receipt_stays", "fan_link_keeps"):
        op.execute(f"DROP TRIGGER {trigger}")
    for table, columns in (("consent", SAID), ("receipt", DECIDED)):
        named = ", ".join(f'"{column}"' for column in columns)
        _trigger(f"{table}_stays", f"UPDATE OF {named} ON {table}", "1", f"the journal {table} is only ever added to")
    _trigger(
        "consent_forgets",
        f"UPDATE OF {', '.join(TOLD_THROUGH)} ON consent",
        THROUGH_NO_ERASED,
        "the journal consent forgets only who asked for it",
    )
    parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))  # SQLite keeps ids as 32 digits, JSON with dashes
    dashed = " || '-' || ".join(f"substr(fan_id, {start}, {length})" for start, length in parts)
    _trigger(
        "receipt_forgets",
        "UPDATE OF facts ON receipt",
        f"NOT EXISTS (SELECT 1 FROM erasure WHERE done_at IS NULL AND instr(OLD.facts, {dashed}) > 0)",  # noqa: S608
        "the journal receipt forgets only who asked for it",
    )
    _trigger(
        "fan_link_keeps",
        "DELETE ON fan_link",
        "NOT EXISTS (SELECT 1 FROM erasure WHERE fan_id IN (OLD.fan_id, OLD.other_id))",
        "the journal fan_link forgets only who asked for it",
    )


def _trigger(name: str, when: str, refused: str, said: str) -> None:
    op.execute(f"CREATE TRIGGER {name} BEFORE {when} WHEN {refused} BEGIN SELECT RAISE(ABORT, '{said}'); END")
