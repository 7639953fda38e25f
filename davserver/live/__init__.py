"""Live collections: a tree and its journal position; the only writer."""
