"""Steps that bring an older database to the current tables (Alembic)."""
