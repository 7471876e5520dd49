"""Invoices, what a seller needs for them, and what an edition costs and who invoices it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "invoice_counter",
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", "year", name=op.f("pk_invoice_counter")),
    )
    op.create_table(
        "seller",
        sa.Column("organisation", sa.String(length=63), nullable=False),
        sa.Column("legal_name", sa.String(length=200), nullable=False),
        sa.Column("street", sa.String(length=200), nullable=False),
        sa.Column("postal_code", sa.String(length=100), nullable=False),
        sa.Column("city", sa.String(length=100), nullable=False),
        sa.Column("kvk_number", sa.String(length=8), nullable=False),
        sa.Column("vat_number", sa.String(length=14), nullable=False),
        sa.Column("iban", sa.String(length=34), nullable=False),
        sa.Column("bic", sa.String(length=11), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("payment_days", sa.Integer(), nullable=False),
        sa.Column("number_prefix", sa.String(length=20), nullable=False),
        sa.Column("vat", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("payment_days >= 0", name=op.f("ck_seller_payment_days")),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.slug"], name=op.f("fk_seller_organisation")),
        sa.PrimaryKeyConstraint("organisation", name=op.f("pk_seller")),
        sa.UniqueConstraint("number_prefix", name=op.f("uq_seller_number_prefix")),
    )
    op.create_table(
        "invoice",
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "invoice", "credit-note", name="kind", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("seller", sa.String(length=63), nullable=False),
        sa.Column("credits", sa.String(length=40), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("payment_days", sa.Integer(), nullable=True),
        sa.Column("period_starts_on", sa.Date(), nullable=True),
        sa.Column("period_ends_on", sa.Date(), nullable=True),
        sa.Column("seller_details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("buyer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("participant_name", sa.String(length=302), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("vat", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("net_cents", sa.Integer(), nullable=False),
        sa.Column("vat_cents", sa.Integer(), nullable=False),
        sa.Column("rounding_cents", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("due_cents", sa.Integer(), nullable=False),
        sa.Column("paid_cents", sa.Integer(), nullable=False),
        sa.Column("credited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_noted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(kind = 'credit-note') = (credits IS NOT NULL)", name=op.f("ck_invoice_credits")),
        sa.CheckConstraint(
            "net_cents >= 0 AND vat_cents >= 0 AND due_cents >= 0", name=op.f("ck_invoice_amounts")
        ),
        sa.CheckConstraint("paid_cents BETWEEN 0 AND due_cents", name=op.f("ck_invoice_paid")),
        sa.ForeignKeyConstraint(["credits"], ["invoice.number"], name=op.f("fk_invoice_credits")),
        sa.ForeignKeyConstraint(["registration"], ["registration.id"], name=op.f("fk_invoice_registration")),
        sa.ForeignKeyConstraint(["seller"], ["organisation.slug"], name=op.f("fk_invoice_seller")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_invoice")),
        sa.UniqueConstraint("credits", name=op.f("uq_invoice_credits")),
    )
    op.create_index(op.f("ix_invoice_registration"), "invoice", ["registration"], unique=False)
    op.create_index(op.f("ix_invoice_seller"), "invoice", ["seller"], unique=False)
    op.create_index(
        "uq_invoice_registration_live",
        "invoice",
        ["registration"],
        unique=True,
        postgresql_where=sa.text("kind = 'invoice' AND credited_at IS NULL"),
    )
    op.create_table(
        "invoice_address",
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("buyer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration"], ["registration.id"], name=op.f("fk_invoice_address_registration")
        ),
        sa.PrimaryKeyConstraint("registration", name=op.f("pk_invoice_address")),
    )
    op.create_table(
        "invoice_payment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invoice", sa.String(length=40), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_cents <> 0", name=op.f("ck_invoice_payment_amount")),
        sa.ForeignKeyConstraint(["invoice"], ["invoice.number"], name=op.f("fk_invoice_payment_invoice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_payment")),
    )
    op.create_index(op.f("ix_invoice_payment_invoice"), "invoice_payment", ["invoice"], unique=False)
    op.add_column("edition", sa.Column("price_cents", sa.Integer(), nullable=True))
    op.add_column("edition", sa.Column("invoiced_by", sa.String(length=63), nullable=True))
    op.add_column(
        "edition", sa.Column("vat", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True)
    )
    op.create_index(op.f("ix_edition_invoiced_by"), "edition", ["invoiced_by"], unique=False)
    op.create_foreign_key(
        op.f("fk_edition_invoiced_by"), "edition", "organisation", ["invoiced_by"], ["slug"]
    )
    op.create_check_constraint(op.f("ck_edition_price"), "edition", "price_cents >= 0")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_edition_price"), "edition", type_="check")
    op.drop_constraint(op.f("fk_edition_invoiced_by"), "edition", type_="foreignkey")
    op.drop_index(op.f("ix_edition_invoiced_by"), table_name="edition")
    op.drop_column("edition", "vat")
    op.drop_column("edition", "invoiced_by")
    op.drop_column("edition", "price_cents")
    op.drop_index(op.f("ix_invoice_payment_invoice"), table_name="invoice_payment")
    op.drop_table("invoice_payment")
    op.drop_table("invoice_address")
    op.drop_index(
        "uq_invoice_registration_live",
        table_name="invoice",
        postgresql_where=sa.text("kind = 'invoice' AND credited_at IS NULL"),
    )
    op.drop_index(op.f("ix_invoice_seller"), table_name="invoice")
    op.drop_index(op.f("ix_invoice_registration"), table_name="invoice")
    op.drop_table("invoice")
    op.drop_table("seller")
    op.drop_table("invoice_counter")
