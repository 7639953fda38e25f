"""The database of collections, versions, journal and locks; the only room with SQL."""
