"""The collection filesystem in memory: extents, filenodes, dirnodes; no database, no HTTP.

A tree is an immutable value (``dirnode``, ``names``), a file a list of extents (``filenode``, ``extents``).
``change`` says what an edit does to a tree, ``codec`` how it stands in the journal. ``pack``, ``marshal``, ``record``
and ``load`` lead to blocks, records and manifest text, and back. ``filesystem`` and ``file`` are the original's
interface on top of it all.
"""
