"""People: users, members, raters and API tokens."""
