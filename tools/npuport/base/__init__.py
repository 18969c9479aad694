"""What every other room stands on: errors, files, text, pages. It imports nothing of npuport's own."""
