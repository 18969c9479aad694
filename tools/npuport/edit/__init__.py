"""Change the port: `npuport refresh`, `new`, `edit` and `drop`.

refresh -> derive (the ported tree, by `export` | patches/, made exact) -> rebase.carry
revise  -> rebase.job: edit or drop a patch, and carry the later ones, on the pin that the port has
"""
