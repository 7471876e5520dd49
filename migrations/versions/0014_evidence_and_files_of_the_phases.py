"""Evidence and files of the phases."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CHECKS = {
    "recorded": "(recorded_at IS NULL) = (recorded_by IS NULL)",
    "judged": "verdict = 'open' OR recorded_at IS NOT NULL",
    "submitted": "submission IS NULL OR submitted_at IS NOT NULL",
}
# What the pilot's phases ask, in databases that have been seeded.
ASKS = {
    "orientatie": (
        "learning-question",
        "Je leervraag: waar je in je praktijk het verschil kunt maken, en wat je daarvoor wilt leren.",
    ),
    "onderzoek": (
        "research",
        "Je onderzoek: hoe de kwaliteit te beïnvloeden is, en welke kennis en kunde dat vraagt.",
    ),
    "uitvoering": (
        "product",
        "Je beleidsplan of ander beroepsproduct, en wat het in je school heeft gedaan.",
    ),
    "evaluatie": (
        "next-steps",
        "Je inzichten, je persoonlijke ontwikkeling en je eigen volgende stappen.",
    ),
}


def upgrade() -> None:
    op.create_table(
        "file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("phase", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "media_type",
            sa.Enum(
                "application/pdf",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                "application/vnd.oasis.opendocument.text",
                "image/jpeg",
                "image/png",
                "image/webp",
                name="media_type",
                native_enum=False,
                create_constraint=True,
                length=80,
            ),
            nullable=False,
        ),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("storage_key", sa.String(length=32), nullable=False),
        sa.Column("added_by", sa.String(length=100), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_file_size")),
        sa.ForeignKeyConstraint(["phase"], ["phase.slug"], name=op.f("fk_file_phase")),
        sa.ForeignKeyConstraint(["registration"], ["registration.id"], name=op.f("fk_file_registration")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file")),
        sa.UniqueConstraint(
            "registration", "phase", "sha256", name=op.f("uq_file_registration_phase_sha256")
        ),
        sa.UniqueConstraint("storage_key", name=op.f("uq_file_storage_key")),
    )
    op.create_index(op.f("ix_file_phase"), "file", ["phase"], unique=False)
    op.add_column("phase", sa.Column("asks", sa.String(length=4000), nullable=True))
    op.add_column(
        "phase",
        sa.Column(
            "evidence_kind",
            sa.Enum(
                "learning-question",
                "research",
                "product",
                "next-steps",
                name="evidence_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
    )
    op.add_column("progress", sa.Column("submission", sa.String(length=4000), nullable=True))
    op.add_column("progress", sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("progress", "recorded_by", existing_type=sa.VARCHAR(length=100), nullable=True)
    op.alter_column(
        "progress", "recorded_at", existing_type=postgresql.TIMESTAMP(timezone=True), nullable=True
    )
    for name, condition in CHECKS.items():
        op.create_check_constraint(name, "progress", condition)
    phase = sa.table("phase", sa.column("slug"), sa.column("asks"), sa.column("evidence_kind"))
    for slug, (kind, asks) in ASKS.items():
        op.execute(sa.update(phase).where(phase.c.slug == slug).values(evidence_kind=kind, asks=asks))


def downgrade() -> None:
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_progress_{name}"), "progress")
    # What was handed in and not judged yet: its row stays, as one that was recorded then.
    op.execute(
        "UPDATE progress SET recorded_by = 'applicant', recorded_at = submitted_at WHERE recorded_at IS NULL"
    )
    op.alter_column(
        "progress", "recorded_at", existing_type=postgresql.TIMESTAMP(timezone=True), nullable=False
    )
    op.alter_column("progress", "recorded_by", existing_type=sa.VARCHAR(length=100), nullable=False)
    op.drop_column("progress", "submitted_at")
    op.drop_column("progress", "submission")
    op.drop_column("phase", "evidence_kind")
    op.drop_column("phase", "asks")
    op.drop_index(op.f("ix_file_phase"), table_name="file")
    op.drop_table("file")
