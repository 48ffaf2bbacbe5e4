"""Create the alert store: alerts, their accounts, revisions and history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the four tables."""
    _alerts()
    _accounts()
    _revisions()
    _history()


def downgrade() -> None:
    """Drop the four tables."""
    for table in ("alert_history", "alert_revisions", "alert_accounts", "alerts"):
        op.drop_table(table)


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.String(128), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("typology", sa.String(64), nullable=False),
        sa.Column("category", sa.String(32), nullable=False),
        sa.Column("alert_level", sa.String(16), nullable=False),
        sa.Column("confidence", sa.Double, nullable=False),
        sa.Column("risk_score", sa.Double, nullable=False),
        sa.Column("venue", sa.Text, nullable=False),
        sa.Column("symbol", sa.Text, nullable=False),
        sa.Column("detected_at", sa.BigInteger, nullable=False),
        sa.Column("record", sa.JSON, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("assignee", sa.Text),
        sa.Column("disposition", sa.String(16)),
        sa.PrimaryKeyConstraint("alert_id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_newest", "alerts", ["detected_at", "alert_id"])
    op.create_index("ix_alerts_status", "alerts", ["status"])


def _accounts() -> None:
    op.create_table(
        "alert_accounts",
        sa.Column("alert_id", sa.String(128), nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "account", name="pk_alert_accounts"),
        _of_alert("fk_alert_accounts"),
    )
    op.create_index("ix_alert_accounts_account", "alert_accounts", ["account"])


def _revisions() -> None:
    op.create_table(
        "alert_revisions",
        sa.Column("alert_id", sa.String(128), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("record", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "revision", name="pk_alert_revisions"),
        _of_alert("fk_alert_revisions"),
    )


def _history() -> None:
    op.create_table(
        "alert_history",
        sa.Column("entry", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("alert_id", sa.String(128), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("change", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_alert_history"),
        _of_alert("fk_alert_history"),
    )
    op.create_index("ix_alert_history_alert_id", "alert_history", ["alert_id"])


def _of_alert(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["alert_id"], ["alerts.alert_id"], name=name, ondelete="CASCADE")
