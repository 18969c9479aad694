"""The patch that a new commit becomes: its mail, with a header for a person to fill in."""

#: Stands where the reason belongs until a person gives it. `npuport lint` refuses a patch that still holds it.
PLACEHOLDER = "(why this change is needed: to be filled in)"
