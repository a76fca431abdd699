"""What goes in and comes out, by noun: the JSON of every endpoint, as OpenAPI describes it."""
