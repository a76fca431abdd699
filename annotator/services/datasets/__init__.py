"""What leaves a project: snapshots, their splits, and exports."""
