"""What a session means and how it is kept: rules, records, doors, and the process around them."""
