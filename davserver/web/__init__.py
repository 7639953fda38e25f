"""What is not DAV: health, the JSON API."""
