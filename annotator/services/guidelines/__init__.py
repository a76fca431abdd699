"""What people judge by: guidelines, types of error, and the answers to what was unclear."""
