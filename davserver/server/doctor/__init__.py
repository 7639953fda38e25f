"""The doctor: what is likely to hurt soon, looked for before it does. One module for each thing that is looked at."""
