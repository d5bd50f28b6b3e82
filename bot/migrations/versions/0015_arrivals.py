"""How each fan came: by which named way, by whose link, to which offer, with what was known before; and merits."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0015"
down_revision = "0016"
branch_labels = None
depends_on = None

COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime

# Of the time before: when each profile was first heard, and each claim that was opened.
BEFORE = """
INSERT INTO arrival (fan_id, profile_id, at, platform, account, post, offer_id, by_friend)
SELECT fan_id, profile_id, at, platform, account, post, offer_id, false
FROM (
    SELECT fan_id, id AS profile_id, first_heard_at AS at, platform, account, '' AS post, NULL AS offer_id, 0 AS later
    FROM profile
    UNION ALL
    SELECT fan_id, profile_id, opened_at, platform, account, post, offer_id, 1 FROM claim
) AS known
ORDER BY at, later
"""
CAME_BY = """
UPDATE claim SET came_by = (
    SELECT max(arrival.id) FROM arrival WHERE arrival.fan_id = claim.fan_id AND arrival.at <= claim.claimed_at
) WHERE code IS NOT NULL
"""
CAME_FIRST = """
UPDATE lead SET came_first = (
    SELECT min(arrival.id) FROM arrival
    JOIN fan AS his ON his.id = arrival.fan_id
    JOIN fan AS he ON he.person_id = his.person_id
    WHERE he.id = lead.fan_id
)
"""


def upgrade() -> None:
    _make_ways()
    _make_arrivals()
    _make_merits()
    for table, column in (("claim", "came_by"), ("lead", "came_first")):
        with op.batch_alter_table(table) as changed:
            changed.add_column(sa.Column(column, COUNTED, nullable=True))
            name = op.f(f"fk_{table}_{column}_arrival")
            changed.create_foreign_key(name, "arrival", [column], ["id"], ondelete="SET NULL")
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    typed = "NULL::uuid AS offer_id" if op.get_bind().dialect.name == "postgresql" else "NULL AS offer_id"
    op.execute(BEFORE.replace("NULL AS offer_id", typed))
    op.execute(CAME_BY)
    op.execute(CAME_FIRST)


def _make_ways() -> None:
    op.create_table(
        "way_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", TEXT(length=20), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("source", TEXT(length=60), nullable=False),
        sa.Column("medium", TEXT(length=60), nullable=False),
        sa.Column("campaign", TEXT(length=60), nullable=False),
        sa.Column("created_at", MOMENT(), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_way_in_offer_id_offer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_way_in")),
        sa.UniqueConstraint("code", name=op.f("uq_way_in_code")),
        sa.UniqueConstraint(
            "offer_id", "source", "medium", "campaign", name=op.f("uq_way_in_offer_id_source_medium_campaign")
        ),
    )


def _make_arrivals() -> None:
    op.create_table(
        "arrival",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("fan_id", sa.Uuid(), nullable=False),
        sa.Column("profile_id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT(), nullable=False),
        sa.Column("platform", TEXT(length=40), nullable=False),
        sa.Column("account", TEXT(length=200), nullable=False),
        sa.Column("post", TEXT(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("way_id", sa.Uuid(), nullable=True),
        sa.Column("by_friend", sa.Boolean(), nullable=False),
        sa.Column("shared_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_arrival_fan_id_fan")),
        sa.ForeignKeyConstraint(["profile_id"], ["profile.id"], name=op.f("fk_arrival_profile_id_profile")),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_arrival_offer_id_offer")),
        sa.ForeignKeyConstraint(["way_id"], ["way_in.id"], name=op.f("fk_arrival_way_id_way_in")),
        sa.ForeignKeyConstraint(["shared_by"], ["fan.id"], name=op.f("fk_arrival_shared_by_fan"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival")),
    )
    for column in ("fan_id", "profile_id", "way_id", "shared_by"):
        op.create_index(op.f(f"ix_arrival_{column}"), "arrival", [column])


def _make_merits() -> None:
    op.create_table(
        "merit",
        sa.Column("id", COUNTED, nullable=False),
        sa.Column("fan_id", sa.Uuid(), nullable=False),
        sa.Column("kind", TEXT(length=10), nullable=False),
        sa.Column("at", MOMENT(), nullable=False),
        sa.Column("span", TEXT(length=10), nullable=False),
        sa.Column("evidence", TEXT(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["fan_id"], ["fan.id"], name=op.f("fk_merit_fan_id_fan")),
        sa.ForeignKeyConstraint(["other_id"], ["fan.id"], name=op.f("fk_merit_other_id_fan"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merit")),
        sa.UniqueConstraint("fan_id", "kind", "evidence", name=op.f("uq_merit_fan_id_kind_evidence")),
    )
    op.create_index(op.f("ix_merit_other_id"), "merit", ["other_id"])
