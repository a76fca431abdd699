"""Every page but the workbench and the ranking pages, by noun; ``page`` is the page itself."""
