"""Credit of a problem as one reader may have it: choices, inputs, numbers and what is said of them."""
