"""Who did what when in a problem, who may see it, and its words."""
