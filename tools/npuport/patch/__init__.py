"""A patch, from its mail to its commit.

`mail` reads it, `diff` its hunks, `apply` applies them to a tree in memory, `commits` makes commits,
`new` writes a patch.
"""
