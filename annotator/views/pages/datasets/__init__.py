"""The Datasets page, downloads, and the words of rules."""
