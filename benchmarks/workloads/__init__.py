"""What is measured, a file for each kind of request; ``everything`` is the list, in the order of the table."""
