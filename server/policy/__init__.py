"""What a session means: pure functions over its ledger and the terms (the rules P0 to P3)."""
