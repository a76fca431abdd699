"""The page on which a path's tokens are read with what each of them did for the reward."""
