"""What a child Python of `npuport sim exec` finds first on its path; imports nothing of npuport."""
