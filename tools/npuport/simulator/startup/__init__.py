"""The modules that `npuport sim exec` puts first on a child Python's path; they do not import npuport."""
