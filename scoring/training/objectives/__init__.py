"""What a kind learns from a tree: one file per source of loss units, one row each in ``registry``."""
