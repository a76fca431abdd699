"""The workbench: one problem's tree, one path through it, and everything known about a step."""
