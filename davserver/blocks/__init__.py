"""Block stores and the wrappers that make policy out of them."""
