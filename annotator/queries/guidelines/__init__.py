"""What people judge by: guidelines, types of error, and what was asked about them."""
