"""First tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "certificate_counter",
        sa.Column("prefix", sa.String(length=10), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", "year", name=op.f("pk_certificate_counter")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("edition", sa.String(length=63), nullable=True),
        sa.Column("partner", sa.String(length=63), nullable=True),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_partner_id"), "event", ["partner", "id"], unique=False)
    op.create_index(op.f("ix_event_subject"), "event", ["subject"], unique=False)
    op.create_table(
        "organisation",
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("region", sa.String(length=100), nullable=True),
        sa.Column("roles", sa.ARRAY(sa.String(length=40)), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_organisation")),
        sa.UniqueConstraint("name", name=op.f("uq_organisation_name")),
    )
    op.create_table(
        "training",
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.String(length=4000), nullable=False),
        sa.Column("study_load_hours", sa.Integer(), nullable=False),
        sa.Column("minimum_contact_minutes", sa.Integer(), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column("certificate_prefix", sa.String(length=10), nullable=False),
        sa.CheckConstraint("minimum_contact_minutes >= 0", name=op.f("ck_training_minimum")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_training")),
    )
    op.create_table(
        "applicant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.String(length=63), nullable=False),
        sa.Column("given_name", sa.String(length=100), nullable=True),
        sa.Column("family_name_prefix", sa.String(length=100), nullable=True),
        sa.Column("family_name", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("phone", sa.String(length=30), nullable=True),
        sa.ForeignKeyConstraint(["partner"], ["organisation.slug"], name=op.f("fk_applicant_partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applicant")),
    )
    op.create_index(op.f("ix_applicant_partner"), "applicant", ["partner"], unique=False)
    op.create_table(
        "client",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("organisation", sa.String(length=63), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "partner",
                "provider",
                "certifier",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.slug"], name=op.f("fk_client_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
    )
    op.create_index(op.f("ix_client_organisation"), "client", ["organisation"], unique=False)
    op.create_table(
        "edition",
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("training", sa.String(length=63), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("region", sa.String(length=100), nullable=False),
        sa.Column("time_zone", sa.String(length=60), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("forms_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_days", sa.Integer(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("seats_taken", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.CheckConstraint("answer_days > 0", name=op.f("ck_edition_answer_days")),
        sa.CheckConstraint("capacity >= 0", name=op.f("ck_edition_capacity")),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_edition_window")),
        sa.CheckConstraint("seats_taken BETWEEN 0 AND capacity", name=op.f("ck_edition_seats_taken")),
        sa.CheckConstraint("waiting >= 0", name=op.f("ck_edition_waiting")),
        sa.ForeignKeyConstraint(["training"], ["training.slug"], name=op.f("fk_edition_training")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_edition")),
    )
    op.create_index(op.f("ix_edition_training"), "edition", ["training"], unique=False)
    op.create_table(
        "phase",
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("training", sa.String(length=63), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.String(length=4000), nullable=False),
        sa.Column("yields_product", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["training"], ["training.slug"], name=op.f("fk_phase_training")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_phase")),
        sa.UniqueConstraint("training", "number", name=op.f("uq_phase_training_number")),
    )
    op.create_table(
        "client_secret",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("client", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client"], ["client.id"], name=op.f("fk_client_secret_client")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_client_secret")),
    )
    op.create_index(op.f("ix_client_secret_client"), "client_secret", ["client"], unique=False)
    op.create_table(
        "draw",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.String(length=63), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "announced",
                "completed",
                "void",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("quotas", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("list_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seed", sa.LargeBinary(length=32), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.String(length=4000), nullable=True),
        sa.ForeignKeyConstraint(["edition"], ["edition.slug"], name=op.f("fk_draw_edition")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw")),
    )
    op.create_index(op.f("ix_draw_edition"), "draw", ["edition"], unique=False)
    op.create_index(
        "uq_draw_edition_announced",
        "draw",
        ["edition"],
        unique=True,
        postgresql_where=sa.text("status = 'announced'"),
    )
    op.create_table(
        "edition_provider",
        sa.Column("edition", sa.String(length=63), nullable=False),
        sa.Column("organisation", sa.String(length=63), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["edition.slug"], name=op.f("fk_edition_provider_edition")),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisation.slug"], name=op.f("fk_edition_provider_organisation")
        ),
        sa.PrimaryKeyConstraint("edition", "organisation", name=op.f("pk_edition_provider")),
    )
    op.create_index(
        op.f("ix_edition_provider_organisation"), "edition_provider", ["organisation"], unique=False
    )
    op.create_table(
        "quota",
        sa.Column("edition", sa.String(length=63), nullable=False),
        sa.Column("organisation", sa.String(length=63), nullable=False),
        sa.Column("minimum", sa.Integer(), nullable=False),
        sa.Column("maximum", sa.Integer(), nullable=False),
        sa.CheckConstraint("0 <= minimum AND minimum <= maximum", name=op.f("ck_quota_range")),
        sa.ForeignKeyConstraint(["edition"], ["edition.slug"], name=op.f("fk_quota_edition")),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.slug"], name=op.f("fk_quota_organisation")),
        sa.PrimaryKeyConstraint("edition", "organisation", name=op.f("pk_quota")),
    )
    op.create_index(op.f("ix_quota_organisation"), "quota", ["organisation"], unique=False)
    op.create_table(
        "registration",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.String(length=63), nullable=False),
        sa.Column("partner", sa.String(length=63), nullable=False),
        sa.Column("applicant", sa.Uuid(), nullable=False),
        sa.Column("email_key", sa.String(length=762), nullable=False),
        sa.Column("school_name", sa.String(length=200), nullable=False),
        sa.Column("school_city", sa.String(length=100), nullable=False),
        sa.Column("position", sa.String(length=200), nullable=True),
        sa.Column("motivation", sa.String(length=4000), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "received",
                "complete",
                "placed",
                "waitlisted",
                "confirmed",
                "certified",
                "withdrawn",
                "declined",
                "rejected",
                "lapsed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_number", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["applicant"], ["applicant.id"], name=op.f("fk_registration_applicant")),
        sa.ForeignKeyConstraint(["edition"], ["edition.slug"], name=op.f("fk_registration_edition")),
        sa.ForeignKeyConstraint(["partner"], ["organisation.slug"], name=op.f("fk_registration_partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration")),
        sa.UniqueConstraint("applicant", name=op.f("uq_registration_applicant")),
        sa.UniqueConstraint("edition", "waiting_number", name=op.f("uq_registration_edition_waiting_number")),
    )
    op.create_index(
        op.f("ix_registration_edition_status"), "registration", ["edition", "status"], unique=False
    )
    op.create_index(op.f("ix_registration_partner_id"), "registration", ["partner", "id"], unique=False)
    op.create_index(
        "uq_registration_edition_email_key",
        "registration",
        ["edition", "email_key"],
        unique=True,
        postgresql_where=sa.text("status NOT IN ('lapsed', 'withdrawn')"),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "physical",
                "online",
                "hybrid",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contact_minutes", sa.Integer(), nullable=True),
        sa.Column("phase", sa.String(length=63), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("city", sa.String(length=100), nullable=True),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(starts_at IS NULL) = (ends_at IS NULL)", name=op.f("ck_session_both_times")),
        sa.CheckConstraint("contact_minutes >= 0", name=op.f("ck_session_contact_minutes")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_session_times")),
        sa.ForeignKeyConstraint(["phase"], ["phase.slug"], name=op.f("fk_session_phase")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_phase"), "session", ["phase"], unique=False)
    op.create_table(
        "attendance",
        sa.Column("session", sa.Uuid(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
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
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("minutes = 0 OR presence = 'present'", name=op.f("ck_attendance_present")),
        sa.CheckConstraint("minutes >= 0", name=op.f("ck_attendance_minutes")),
        sa.ForeignKeyConstraint(
            ["registration"], ["registration.id"], name=op.f("fk_attendance_registration")
        ),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_attendance_session")),
        sa.PrimaryKeyConstraint("session", "registration", name=op.f("pk_attendance")),
    )
    op.create_index(op.f("ix_attendance_registration"), "attendance", ["registration"], unique=False)
    op.create_table(
        "certificate",
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("valid", "revoked", name="status", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("holder_name", sa.String(length=302), nullable=False),
        sa.Column("training_title", sa.String(length=200), nullable=False),
        sa.Column("edition_title", sa.String(length=200), nullable=False),
        sa.Column("contact_minutes", sa.Integer(), nullable=False),
        sa.Column("study_load_hours", sa.Integer(), nullable=False),
        sa.Column("product_title", sa.String(length=200), nullable=False),
        sa.Column("sessions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("phases", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoke_reason", sa.String(length=4000), nullable=True),
        sa.CheckConstraint(
            "(status = 'revoked') = (revoked_at IS NOT NULL)", name=op.f("ck_certificate_revoked")
        ),
        sa.ForeignKeyConstraint(
            ["registration"], ["registration.id"], name=op.f("fk_certificate_registration")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_certificate")),
        sa.UniqueConstraint("code", name=op.f("uq_certificate_code")),
    )
    op.create_index(op.f("ix_certificate_registration"), "certificate", ["registration"], unique=False)
    op.create_index(
        "uq_certificate_registration_valid",
        "certificate",
        ["registration"],
        unique=True,
        postgresql_where=sa.text("status = 'valid'"),
    )
    op.create_table(
        "draw_candidate",
        sa.Column("draw", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("partner", sa.String(length=63), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("lot", sa.Integer(), nullable=True),
        sa.Column("seated", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["draw"], ["draw.id"], name=op.f("fk_draw_candidate_draw")),
        sa.ForeignKeyConstraint(
            ["registration"], ["registration.id"], name=op.f("fk_draw_candidate_registration")
        ),
        sa.PrimaryKeyConstraint("draw", "label", name=op.f("pk_draw_candidate")),
        sa.UniqueConstraint("draw", "registration", name=op.f("uq_draw_candidate_draw_registration")),
    )
    op.create_index(op.f("ix_draw_candidate_registration"), "draw_candidate", ["registration"], unique=False)
    op.create_table(
        "enrolment_form",
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["registration"], ["registration.id"], name=op.f("fk_enrolment_form_registration")
        ),
        sa.PrimaryKeyConstraint("registration", name=op.f("pk_enrolment_form")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_enrolment_form_token_digest")),
    )
    op.create_table(
        "product",
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "policy-plan", "other", name="kind", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["registration"], ["registration.id"], name=op.f("fk_product_registration")),
        sa.PrimaryKeyConstraint("registration", name=op.f("pk_product")),
    )
    op.create_table(
        "progress",
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("phase", sa.String(length=63), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "open",
                "passed",
                "failed",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("evidence", sa.String(length=4000), nullable=True),
        sa.Column("feedback", sa.String(length=4000), nullable=True),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["phase"], ["phase.slug"], name=op.f("fk_progress_phase")),
        sa.ForeignKeyConstraint(["registration"], ["registration.id"], name=op.f("fk_progress_registration")),
        sa.PrimaryKeyConstraint("registration", "phase", name=op.f("pk_progress")),
    )
    op.create_index(op.f("ix_progress_phase"), "progress", ["phase"], unique=False)
    op.create_table(
        "session_edition",
        sa.Column("session", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.String(length=63), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["edition.slug"], name=op.f("fk_session_edition_edition")),
        sa.ForeignKeyConstraint(["session"], ["session.id"], name=op.f("fk_session_edition_session")),
        sa.PrimaryKeyConstraint("session", "edition", name=op.f("pk_session_edition")),
    )
    op.create_index(op.f("ix_session_edition_edition"), "session_edition", ["edition"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_session_edition_edition"), table_name="session_edition")
    op.drop_table("session_edition")
    op.drop_index(op.f("ix_progress_phase"), table_name="progress")
    op.drop_table("progress")
    op.drop_table("product")
    op.drop_table("enrolment_form")
    op.drop_index(op.f("ix_draw_candidate_registration"), table_name="draw_candidate")
    op.drop_table("draw_candidate")
    op.drop_index(
        "uq_certificate_registration_valid",
        table_name="certificate",
        postgresql_where=sa.text("status = 'valid'"),
    )
    op.drop_index(op.f("ix_certificate_registration"), table_name="certificate")
    op.drop_table("certificate")
    op.drop_index(op.f("ix_attendance_registration"), table_name="attendance")
    op.drop_table("attendance")
    op.drop_index(op.f("ix_session_phase"), table_name="session")
    op.drop_table("session")
    op.drop_index(
        "uq_registration_edition_email_key",
        table_name="registration",
        postgresql_where=sa.text("status NOT IN ('lapsed', 'withdrawn')"),
    )
    op.drop_index(op.f("ix_registration_partner_id"), table_name="registration")
    op.drop_index(op.f("ix_registration_edition_status"), table_name="registration")
    op.drop_table("registration")
    op.drop_index(op.f("ix_quota_organisation"), table_name="quota")
    op.drop_table("quota")
    op.drop_index(op.f("ix_edition_provider_organisation"), table_name="edition_provider")
    op.drop_table("edition_provider")
    op.drop_index(
        "uq_draw_edition_announced", table_name="draw", postgresql_where=sa.text("status = 'announced'")
    )
    op.drop_index(op.f("ix_draw_edition"), table_name="draw")
    op.drop_table("draw")
    op.drop_index(op.f("ix_client_secret_client"), table_name="client_secret")
    op.drop_table("client_secret")
    op.drop_table("phase")
    op.drop_index(op.f("ix_edition_training"), table_name="edition")
    op.drop_table("edition")
    op.drop_index(op.f("ix_client_organisation"), table_name="client")
    op.drop_table("client")
    op.drop_index(op.f("ix_applicant_partner"), table_name="applicant")
    op.drop_table("applicant")
    op.drop_table("training")
    op.drop_table("organisation")
    op.drop_index(op.f("ix_event_subject"), table_name="event")
    op.drop_index(op.f("ix_event_partner_id"), table_name="event")
    op.drop_table("event")
    op.drop_table("certificate_counter")
