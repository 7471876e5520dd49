"""Attendance in full."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Who was there, was there in the session's own way; at a hybrid one most likely in person.
CHANNELS = """
UPDATE attendance SET channel = CASE session.mode WHEN 'online' THEN 'online' ELSE 'in-person' END
  FROM session WHERE session.id = attendance.session AND attendance.presence = 'present'
"""
# What stood before is known from the events, which have been there from the beginning.
HISTORY = """
INSERT INTO attendance_version
       (session, registration, version, presence, minutes, channel, recorded_by, recorded_at, reason)
SELECT session.id, attendance.registration,
       row_number() OVER (PARTITION BY attendance.session, attendance.registration ORDER BY event.id),
       event.data->'after'->>'presence', (event.data->'after'->>'minutes')::int,
       CASE WHEN event.data->'after'->>'presence' <> 'present' THEN NULL
            WHEN session.mode = 'online' THEN 'online' ELSE 'in-person' END,
       event.actor, event.at, event.data->>'reason'
  FROM attendance
  JOIN session ON session.id = attendance.session
  JOIN event ON event.subject = attendance.registration::text
            AND event.type IN ('attendance.recorded', 'attendance.corrected')
            AND event.data->>'session' = attendance.session::text
"""
WITHOUT_EVENTS = """
INSERT INTO attendance_version
       (session, registration, version, presence, minutes, channel, recorded_by, recorded_at)
SELECT session, registration, 1, presence, minutes, channel, recorded_by, recorded_at FROM attendance
    ON CONFLICT DO NOTHING
"""
VERSIONS = """
UPDATE attendance SET version =
       (SELECT max(version) FROM attendance_version AS known
         WHERE known.session = attendance.session AND known.registration = attendance.registration)
"""


def upgrade() -> None:
    op.create_table(
        "forecast_round",
        sa.Column("edition", sa.String(length=63), nullable=False),
        sa.Column("judged_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["edition.slug"], name=op.f("fk_forecast_round_edition")),
        sa.PrimaryKeyConstraint("edition", name=op.f("pk_forecast_round")),
    )
    op.create_table(
        "attendance_version",
        sa.Column("session", sa.Uuid(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "presence",
            sa.Enum(
                "present",
                "absent",
                "excused",
                name="presence",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("late_minutes", sa.Integer(), nullable=True),
        sa.Column("early_minutes", sa.Integer(), nullable=True),
        sa.Column(
            "channel",
            sa.Enum(
                "in-person", "online", name="channel", native_enum=False, create_constraint=True, length=40
            ),
            nullable=True,
        ),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=4000), nullable=True),
        sa.CheckConstraint(
            "(presence = 'present') = (channel IS NOT NULL)", name=op.f("ck_attendance_version_somehow")
        ),
        sa.CheckConstraint("minutes = 0 OR presence = 'present'", name=op.f("ck_attendance_version_present")),
        sa.CheckConstraint(
            "(late_minutes IS NULL) = (early_minutes IS NULL)", name=op.f("ck_attendance_version_both_missed")
        ),
        sa.CheckConstraint(
            "late_minutes >= 0 AND early_minutes >= 0", name=op.f("ck_attendance_version_missed")
        ),
        sa.CheckConstraint("minutes >= 0", name=op.f("ck_attendance_version_minutes")),
        sa.ForeignKeyConstraint(
            ["registration"], ["registration.id"], name=op.f("fk_attendance_version_registration")
        ),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_attendance_version_session")),
        sa.PrimaryKeyConstraint("session", "registration", "version", name=op.f("pk_attendance_version")),
    )
    op.create_index(
        op.f("ix_attendance_version_registration"), "attendance_version", ["registration"], unique=False
    )
    op.create_table(
        "check_in_guess",
        sa.Column("session", sa.Uuid(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration"], ["registration.id"], name=op.f("fk_check_in_guess_registration")
        ),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_check_in_guess_session")),
        sa.PrimaryKeyConstraint("session", "registration", name=op.f("pk_check_in_guess")),
    )
    op.create_index(op.f("ix_check_in_guess_registration"), "check_in_guess", ["registration"], unique=False)
    op.create_table(
        "make_up",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "session", "assignment", name="kind", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("session", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=4000), nullable=False),
        sa.Column("approved_by", sa.String(length=100), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.String(length=100), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoke_reason", sa.String(length=4000), nullable=True),
        sa.CheckConstraint("session IS NULL OR kind = 'session'", name=op.f("ck_make_up_session")),
        sa.CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_make_up_revoked")),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_make_up_minutes")),
        sa.ForeignKeyConstraint(["registration"], ["registration.id"], name=op.f("fk_make_up_registration")),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_make_up_session")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_make_up")),
    )
    op.create_index(op.f("ix_make_up_registration"), "make_up", ["registration"], unique=False)
    op.create_index(op.f("ix_make_up_session"), "make_up", ["session"], unique=False)
    op.create_index(
        "uq_make_up_registration_session",
        "make_up",
        ["registration", "session"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "out_of_reach",
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("became_certain_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration"], ["registration.id"], name=op.f("fk_out_of_reach_registration")
        ),
        sa.PrimaryKeyConstraint("registration", name=op.f("pk_out_of_reach")),
    )
    op.add_column("attendance", sa.Column("late_minutes", sa.Integer(), nullable=True))
    op.add_column("attendance", sa.Column("early_minutes", sa.Integer(), nullable=True))
    op.add_column(
        "attendance",
        sa.Column(
            "channel",
            sa.Enum(
                "in-person", "online", name="channel", native_enum=False, create_constraint=True, length=40
            ),
            nullable=True,
        ),
    )
    op.add_column("attendance", sa.Column("version", sa.Integer(), nullable=True))
    for step in (CHANNELS, HISTORY, WITHOUT_EVENTS, VERSIONS):
        op.execute(step)
    op.alter_column("attendance", "version", nullable=False)
    for name, condition in (
        ("missed", "late_minutes >= 0 AND early_minutes >= 0"),
        ("both_missed", "(late_minutes IS NULL) = (early_minutes IS NULL)"),
        ("somehow", "(presence = 'present') = (channel IS NOT NULL)"),
    ):
        op.create_check_constraint(op.f(f"ck_attendance_{name}"), "attendance", condition)
    op.add_column("edition", sa.Column("minimum_contact_minutes", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("ck_edition_minimum"), "edition", "minimum_contact_minutes >= 0")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_edition_minimum"), "edition")
    for name in ("missed", "both_missed", "somehow"):
        op.drop_constraint(op.f(f"ck_attendance_{name}"), "attendance")
    op.drop_column("edition", "minimum_contact_minutes")
    op.drop_column("attendance", "version")
    op.drop_column("attendance", "channel")
    op.drop_column("attendance", "early_minutes")
    op.drop_column("attendance", "late_minutes")
    op.drop_table("out_of_reach")
    op.drop_index(
        "uq_make_up_registration_session",
        table_name="make_up",
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.drop_index(op.f("ix_make_up_session"), table_name="make_up")
    op.drop_index(op.f("ix_make_up_registration"), table_name="make_up")
    op.drop_table("make_up")
    op.drop_index(op.f("ix_check_in_guess_registration"), table_name="check_in_guess")
    op.drop_table("check_in_guess")
    op.drop_index(op.f("ix_attendance_version_registration"), table_name="attendance_version")
    op.drop_table("attendance_version")
    op.drop_table("forecast_round")
