"""The collection filesystem in memory: extents, filenodes, dirnodes; no database, no HTTP."""
