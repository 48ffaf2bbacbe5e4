"""Create the history of adopted parameters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_parameter_versions"
down_revision = "0001"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "parameter_versions",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("version", sa.String(12), nullable=False),
        sa.Column("previous", sa.String(12)),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("toml", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_parameter_versions"),
    )
    op.create_index("ix_parameter_versions_version", "parameter_versions", ["version"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("parameter_versions")
