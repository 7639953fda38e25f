"""Make the first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make collections, their journal, versions, records and locks."""
    key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "settings",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "collections",
        sa.Column("id", key, primary_key=True),
        sa.Column("uuid", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("trashed_ns", sa.BigInteger),
        sa.Column("head_seq", sa.BigInteger, nullable=False),
        sa.Column("lock_seq", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("base_seq", sa.BigInteger, nullable=False),
        sa.Column("base_root", sa.Text),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("quota_bytes", sa.BigInteger),
        sa.Column("drops_litter", sa.Boolean, nullable=False),
        sa.Column("retention", sa.Text),
        sa.Column("repacks", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    live = sa.text("trashed_ns IS NULL")
    op.create_index(
        "collections_live_name", "collections", ["name"], unique=True, sqlite_where=live, postgresql_where=live
    )
    op.create_index("ix_collections_owner", "collections", ["owner"])
    op.create_table(
        "journal",
        sa.Column("collection_id", key, sa.ForeignKey("collections.id"), primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("header", sa.LargeBinary, nullable=False),
        sa.Column("inline", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "grafts",
        sa.Column("collection_id", key, sa.ForeignKey("collections.id"), primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("source_id", key, sa.ForeignKey("collections.id"), nullable=False),
        sa.Column("source_base_seq", sa.BigInteger, nullable=False),
        sa.Column("source_seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "versions",
        sa.Column("collection_id", key, sa.ForeignKey("collections.id"), primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("root", sa.Text, nullable=False),
        sa.Column("pdh", sa.Text, nullable=False),
        sa.Column("files", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Boolean, nullable=False),
        sa.Column("without_litter", sa.Boolean, nullable=False),
        sa.Column("label", sa.Text),
        sa.Column("message", sa.Text),
        sa.Column("kept", sa.Boolean, nullable=False),
    )
    op.create_index("ix_versions_pdh", "versions", ["pdh"])
    op.create_table(
        "trails",
        sa.Column("collection_id", key, sa.ForeignKey("collections.id"), primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("after_seq", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "records",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("added_ns", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "texts",
        sa.Column("pdh", sa.Text, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "accounts",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("quota_bytes", sa.BigInteger),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, sa.ForeignKey("accounts.name"), nullable=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("may_write", sa.Boolean, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("expires_ns", sa.BigInteger),
        sa.Column("used_ns", sa.BigInteger),
    )
    op.create_table(
        "groups",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "members",
        sa.Column("account", sa.Text, sa.ForeignKey("accounts.name"), primary_key=True),
        sa.Column("group_name", sa.Text, sa.ForeignKey("groups.name"), primary_key=True),
    )
    op.create_table(
        "grants",
        sa.Column("grantee", sa.Text, primary_key=True),
        sa.Column("collection_id", key, sa.ForeignKey("collections.id"), primary_key=True, autoincrement=False),
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("level", sa.Integer, nullable=False),
    )
    op.create_table(
        "links",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("collection_id", key, sa.ForeignKey("collections.id"), nullable=False, index=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger),
        sa.Column("is_drop", sa.Boolean, nullable=False),
        sa.Column("made_by", sa.Text, index=True),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("expires_ns", sa.BigInteger),
        sa.Column("downloads_left", sa.BigInteger),
        sa.Column("room_bytes", sa.BigInteger),
        sa.Column("label", sa.Text),
        sa.Column("used_ns", sa.BigInteger),
    )
    op.create_table(
        "audit",
        sa.Column("id", key, primary_key=True),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("ix_audit_at_ns", "audit", ["at_ns"])
    op.create_table(
        "uploads",
        sa.Column("token", sa.Text, primary_key=True),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("length", sa.BigInteger),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("parts", sa.BigInteger, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("expires_ns", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_uploads_principal", "uploads", ["principal"])
    op.create_table(
        "upload_parts",
        sa.Column("token", sa.Text, sa.ForeignKey("uploads.token"), primary_key=True),
        sa.Column("chunk", sa.BigInteger, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("ranged", sa.Boolean, nullable=False),
        sa.Column("header", sa.LargeBinary, nullable=False),
        sa.Column("inline", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "locks",
        sa.Column("token", sa.Text, primary_key=True),
        sa.Column("collection_id", key, sa.ForeignKey("collections.id"), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("exclusive", sa.Boolean, nullable=False),
        sa.Column("infinite", sa.Boolean, nullable=False),
        sa.Column("owner_xml", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("timeout_s", sa.BigInteger, nullable=False),
        sa.Column("expires_ns", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_locks_collection_id", "locks", ["collection_id"])
