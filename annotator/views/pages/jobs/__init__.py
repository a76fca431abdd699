"""The Jobs page, and a job as any page shows it."""
