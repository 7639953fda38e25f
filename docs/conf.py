"""How the documentation becomes a site (``scripts/site``): its pages are the Markdown files of this folder."""

project = "davserver"
html_title = "davserver"
html_theme = "furo"
extensions = ["myst_parser"]
myst_heading_anchors = 3
myst_enable_extensions = ["smartquotes"]
html_show_sphinx = False
html_copy_source = False
suppress_warnings = ["myst.xref_missing"]  # links to files of the source; tests/meta/test_documents.py holds them
