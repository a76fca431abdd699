"""Every read and every access gate, by noun."""
