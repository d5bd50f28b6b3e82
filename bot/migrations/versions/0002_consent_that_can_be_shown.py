"""Consent that can be shown: links that move nothing, receipts, house rules, and journals that nobody changes."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Moment = sqlmodel.sql.sqltypes.UTCDateTime
Counted = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _people()
    _links()
    _journal()
    _messages()
    _new_tables()
    _lock_journals()


def _people() -> None:
    op.add_column("fan", sa.Column("person_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE fan SET person_id = id")
    with op.batch_alter_table("fan") as fan:
        fan.alter_column("person_id", existing_type=sa.Uuid(), nullable=False)
    op.create_index(op.f("ix_fan_person_id"), "fan", ["person_id"])
    op.add_column("profile", sa.Column("window_opened_by", Text(), nullable=False, server_default=""))
    with op.batch_alter_table("profile") as profile:
        profile.alter_column("window_opened_by", existing_type=Text(), server_default=None)


def _links() -> None:
    """What was linked before has its profile moved already; the line stays as the reason why."""
    op.rename_table("fan_link", "old_fan_link")
    for column in ("kept_fan_id", "joined_fan_id"):
        op.drop_index(op.f(f"ix_fan_link_{column}"), table_name="old_fan_link")
    op.create_table(
        "fan_link",
        sa.Column("id", Counted, nullable=False),
        sa.Column("fan_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("proof", Text(length=20), nullable=False),
        sa.Column("evidence", Text(), nullable=False),
        sa.Column("by", Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.CheckConstraint("fan_id <> other_id", name=op.f("ck_fan_link_two")),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name="fk_link_fan"),
        sa.ForeignKeyConstraint(["other_id"], ["fan.id"], name="fk_link_other"),
        sa.ForeignKeyConstraint(["undoes"], ["fan_link.id"], name="fk_link_undoes"),
        sa.PrimaryKeyConstraint("id", name="pk_link"),
        sa.UniqueConstraint("undoes", name=op.f("uq_fan_link_undoes")),
    )
    op.create_index(op.f("ix_fan_link_fan_id"), "fan_link", ["fan_id"])
    op.create_index(op.f("ix_fan_link_other_id"), "fan_link", ["other_id"])
    op.execute(
        "INSERT INTO fan_link (fan_id, other_id, proof, evidence, by, at) "
        "SELECT kept_fan_id, joined_fan_id, 'receipt', proof, 'fan', at FROM old_fan_link "
        "WHERE kept_fan_id <> joined_fan_id ORDER BY id"
    )
    _group_people()
    op.drop_table("old_fan_link")


def _group_people() -> None:
    connection, one_with = op.get_bind(), {}
    for fan_id, other_id in connection.execute(sa.text("SELECT fan_id, other_id FROM fan_link")):
        person = one_with.get(fan_id, {fan_id}) | one_with.get(other_id, {other_id})
        one_with.update(dict.fromkeys(person, person))
    for fan_id, person in one_with.items():
        found = {"fan": fan_id, "person": min(person)}
        connection.execute(sa.text("UPDATE fan SET person_id = :person WHERE id = :fan"), found)


def _journal() -> None:
    op.add_column("consent", sa.Column("place", Text(), nullable=False, server_default=""))
    op.add_column("consent", sa.Column("asked_at", Moment(), nullable=True))
    with op.batch_alter_table("consent") as consent:
        consent.alter_column("place", existing_type=Text(), server_default=None)
        consent.drop_constraint(op.f("ck_consent_act"), type_="check")
        consent.create_check_constraint(op.f("ck_consent_act"), "act IN ('asked', 'granted', 'withdrawn')")


STATES = "('draft', 'waiting', 'deferred', 'sending', 'sent', 'refused', 'uncertain', 'lapsed')"


def _messages() -> None:
    with op.batch_alter_table("message") as message:
        message.add_column(sa.Column("offer_id", sa.Uuid(), nullable=True))
        message.add_column(sa.Column("title", Text(), nullable=False, server_default=""))
        message.add_column(sa.Column("solicits", Text(length=40), nullable=False, server_default=""))
        message.add_column(sa.Column("weight", sa.SmallInteger(), nullable=False, server_default="0"))
        message.add_column(sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
        message.alter_column("inbox_id", existing_type=sa.Integer(), nullable=True)
        message.create_foreign_key("fk_message_offer_id_offer", "offer", ["offer_id"], ["id"])
        message.drop_constraint(op.f("ck_message_state"), type_="check")
        message.create_check_constraint(op.f("ck_message_state"), f"state IN {STATES}")
    plain = {"title": Text(), "solicits": Text(length=40), "weight": sa.SmallInteger(), "priority": sa.Integer()}
    with op.batch_alter_table("message") as message:
        for name, kind in plain.items():
            message.alter_column(name, existing_type=kind, server_default=None)
    for name, column, where in (("counted", "fan_id", "weight > 0"), ("deferred", "due_at", "state = 'deferred'")):
        op.create_index(
            f"ix_message_{name}", "message", [column], postgresql_where=sa.text(where), sqlite_where=sa.text(where)
        )


def _new_tables() -> None:
    op.create_table(
        "erasure",
        sa.Column("fan_id", sa.Uuid(), nullable=False),
        sa.Column("code", Text(length=40), nullable=False),
        sa.Column("how", Text(length=20), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("done_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("fan_id", name=op.f("pk_erasure")),
    )
    op.create_index(op.f("ix_erasure_code"), "erasure", ["code"])
    op.create_table(
        "suppression",
        sa.Column("hash", Text(length=64), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "house_rules",
        sa.Column("version", Counted, nullable=False),
        sa.Column("caps", sa.JSON(), nullable=False),
        sa.Column("by", Text(length=60), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_house_rules")),
    )
    op.create_table(
        "receipt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fan_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("inbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("stage", Text(length=10), nullable=False),
        sa.Column("verdict", Text(length=10), nullable=False),
        sa.Column("why", Text(), nullable=False),
        sa.Column("until", Moment(), nullable=True),
        sa.Column("held", Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("law", Text(length=20), nullable=False),
        sa.Column("house_rules", sa.Integer(), nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_receipt_fan_id_fan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
    )
    op.create_index(op.f("ix_receipt_fan_id"), "receipt", ["fan_id"])
    op.create_index(op.f("ix_receipt_message_id"), "receipt", ["message_id"])


OF_A_FAN = ("consent", "fan_link", "receipt")
FOR_EVER = ("house_rules",)


def _lock_journals() -> None:
    """What proves something may not be changed afterwards, by no code and no hand at the database's prompt."""
    if op.get_bind().dialect.name == "postgresql":
        _lock_on_postgresql()
    else:
        _lock_on_sqlite()


def _lock_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'the journal % is only ever added to', TG_TABLE_NAME USING ERRCODE = '23514'; END $$"
    )
    op.execute(
        "CREATE FUNCTION refuse_to_forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NOT EXISTS (SELECT 1 FROM erasure WHERE fan_id = OLD.fan_id) THEN "
        "RAISE EXCEPTION 'the journal % forgets only who asked for it', TG_TABLE_NAME USING ERRCODE = '23514'; "
        "END IF; RETURN OLD; END $$"
    )
    for table in (*OF_A_FAN, *FOR_EVER):
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    for table in OF_A_FAN:
        op.execute(
            f"CREATE TRIGGER {table}_keeps BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_to_forget()"
        )


def _lock_on_sqlite() -> None:
    for table in (*OF_A_FAN, *FOR_EVER):
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} BEGIN "
            f"SELECT RAISE(ABORT, 'the journal {table} is only ever added to'); END"
        )
    stranger = "WHEN NOT EXISTS (SELECT 1 FROM erasure WHERE fan_id = OLD.fan_id)"
    for table in OF_A_FAN:
        op.execute(
            f"CREATE TRIGGER {table}_keeps BEFORE DELETE ON {table} {stranger} BEGIN "
            f"SELECT RAISE(ABORT, 'the journal {table} forgets only who asked for it'); END"
        )
