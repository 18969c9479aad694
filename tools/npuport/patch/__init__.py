"""A patch, from its mail to its commit.

`reader` reads any patch into `parts`, `mail` and `diff` check its form, `apply` applies it to a tree in
memory, `commits` makes commits, `new` writes the mail of a new patch.
"""
