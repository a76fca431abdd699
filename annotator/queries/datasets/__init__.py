"""What came into a project and what left it: snapshots as records, source files, exports."""
