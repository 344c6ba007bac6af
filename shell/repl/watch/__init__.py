"""`.watch`: a query run again and again, and what is different each time."""
