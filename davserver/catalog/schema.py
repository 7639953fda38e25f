"""The tables, one schema for SQLite and PostgreSQL.

Owns: the current shape of the database. ``migrations/`` brings an older one to it; a test holds both together.
Never: queries.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

_id = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER PRIMARY KEY is SQLite's rowid

settings = Table(
    "settings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

collections = Table(
    "collections",
    metadata,
    Column("id", _id, primary_key=True),
    Column("uuid", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("trashed_ns", BigInteger),
    Column("head_seq", BigInteger, nullable=False),
    Column("lock_seq", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("base_seq", BigInteger, nullable=False),
    Column("base_root", Text),
    Column("bytes", BigInteger, nullable=False),
    Column("owner", Text, index=True),
    Column("quota_bytes", BigInteger),
    Column("drops_litter", Boolean, nullable=False),
    Column("retention", Text),
    Column("repacks", BigInteger, nullable=False),
    sqlite_autoincrement=True,  # the id of a collection that was purged is never another's
)
Index(
    "collections_live_name",
    collections.c.name,
    unique=True,
    sqlite_where=collections.c.trashed_ns.is_(None),  # the step in migrations/ says it for PostgreSQL, too
)

journal = Table(
    "journal",
    metadata,
    Column("collection_id", _id, ForeignKey("collections.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("header", LargeBinary, nullable=False),
    Column("inline", LargeBinary, nullable=False),
)

grafts = Table(
    "grafts",
    metadata,
    Column("collection_id", _id, ForeignKey("collections.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("source_id", _id, ForeignKey("collections.id"), nullable=False),
    Column("source_base_seq", BigInteger, nullable=False),
    Column("source_seq", BigInteger, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("collection_id", _id, ForeignKey("collections.id"), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("created_ns", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("root", Text, nullable=False),
    Column("pdh", Text, nullable=False, index=True),
    Column("files", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("text", Boolean, nullable=False),
    Column("without_litter", Boolean, nullable=False),
    Column("label", Text),
    Column("message", Text),
    Column("kept", Boolean, nullable=False),
)

trails = Table(
    "trails",
    metadata,
    Column("collection_id", _id, ForeignKey("collections.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("after_seq", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

records = Table(
    "records",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("added_ns", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

texts = Table(
    "texts",
    metadata,
    Column("pdh", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("quota_bytes", BigInteger),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.name"), nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("may_write", Boolean, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger),
    Column("used_ns", BigInteger),
)

groups = Table(
    "groups",
    metadata,
    Column("name", Text, primary_key=True),
    Column("created_ns", BigInteger, nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("account", Text, ForeignKey("accounts.name"), primary_key=True),
    Column("group_name", Text, ForeignKey("groups.name"), primary_key=True),
)

grants = Table(
    "grants",
    metadata,
    Column("grantee", Text, primary_key=True),
    Column("collection_id", _id, ForeignKey("collections.id"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("level", Integer, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("collection_id", _id, ForeignKey("collections.id"), nullable=False, index=True),
    Column("path", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", BigInteger),
    Column("is_drop", Boolean, nullable=False),
    Column("made_by", Text, index=True),
    Column("created_ns", BigInteger, nullable=False),
    Column("password_hash", Text),
    Column("expires_ns", BigInteger),
    Column("downloads_left", BigInteger),
    Column("room_bytes", BigInteger),
    Column("label", Text),
    Column("used_ns", BigInteger),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _id, primary_key=True),
    Column("at_ns", BigInteger, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

uploads = Table(
    "uploads",
    metadata,
    Column("token", Text, primary_key=True),
    Column("principal", Text, nullable=False, index=True),
    Column("request", Text, nullable=False),
    Column("length", BigInteger),
    Column("received", BigInteger, nullable=False),
    Column("parts", BigInteger, nullable=False),
    Column("turn", BigInteger, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("expires_ns", BigInteger, nullable=False),
)

upload_parts = Table(
    "upload_parts",
    metadata,
    Column("token", Text, ForeignKey("uploads.token"), primary_key=True),
    Column("chunk", BigInteger, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("ranged", Boolean, nullable=False),
    Column("header", LargeBinary, nullable=False),
    Column("inline", LargeBinary, nullable=False),
)

locks = Table(
    "locks",
    metadata,
    Column("token", Text, primary_key=True),
    Column("collection_id", _id, ForeignKey("collections.id"), nullable=False, index=True),
    Column("path", Text, nullable=False),
    Column("exclusive", Boolean, nullable=False),
    Column("infinite", Boolean, nullable=False),
    Column("owner_xml", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("timeout_s", BigInteger, nullable=False),
    Column("expires_ns", BigInteger, nullable=False),
)
