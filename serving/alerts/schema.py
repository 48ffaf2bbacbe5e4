"""Tables of the alert store. The migrations create them; a test holds the two together."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Double, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s", "fk": "fk_%(table_name)s"})

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", String(128), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("typology", String(64), nullable=False),
    Column("category", String(32), nullable=False),
    Column("alert_level", String(16), nullable=False),
    Column("confidence", Double, nullable=False),
    Column("risk_score", Double, nullable=False),
    Column("venue", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("detected_at", BigInteger, nullable=False),
    Column("record", JSON, nullable=False),
    Column("status", String(16), nullable=False),
    Column("assignee", Text),
    Column("disposition", String(16)),
    Index("ix_alerts_newest", "detected_at", "alert_id"),
    Index("ix_alerts_status", "status"),
)

accounts = Table(
    "alert_accounts",
    metadata,
    Column("alert_id", String(128), ForeignKey("alerts.alert_id", ondelete="CASCADE"), primary_key=True),
    Column("account", Text, primary_key=True),
    Index("ix_alert_accounts_account", "account"),
)

revisions = Table(
    "alert_revisions",
    metadata,
    Column("alert_id", String(128), ForeignKey("alerts.alert_id", ondelete="CASCADE"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("record", JSON, nullable=False),
)

history = Table(
    "alert_history",
    metadata,
    Column("entry", Integer, primary_key=True, autoincrement=True),
    Column("alert_id", String(128), ForeignKey("alerts.alert_id", ondelete="CASCADE"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("change", JSON, nullable=False),
    Index("ix_alert_history_alert_id", "alert_id"),
)

parameter_versions = Table(
    "parameter_versions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("version", String(12), nullable=False),
    Column("previous", String(12)),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("toml", Text, nullable=False),
    Index("ix_parameter_versions_version", "version"),
)
