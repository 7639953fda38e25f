"""The servers that are measured: how each is started on loopback, over a scratch folder, by whoever runs the benchmark.

Nothing needs root. As root, Apache insists on another user, so the scratch folders are open to everybody.
"""
