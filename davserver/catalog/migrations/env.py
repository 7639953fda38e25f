"""Alembic's entry: run the steps on the connection that ``upgrade`` hands over."""

from alembic import context

from davserver.catalog.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
