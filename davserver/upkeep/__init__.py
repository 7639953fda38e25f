"""Looking after what is stored: fsck, import, export."""
