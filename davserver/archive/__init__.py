"""A tree as a zip file, whose every byte is known by its place before the first one is sent."""
