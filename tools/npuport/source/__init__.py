"""The sources of a tree: its files, modules and names. They are read, never executed.

A tree is a `dict` of POSIX paths to bytes, from a directory or from a commit:

    tree -> module (one file's syntax) -> names (what a name means there) -> project (modules among modules)
"""
