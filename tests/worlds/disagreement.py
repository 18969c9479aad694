"""The usual conflict: upstream changed the line that the first of four patches changes."""

from worlds.expect import clean, conflict, resolved
from worlds.lumen import Tree
from worlds.rebase import World
from worlds.standin import NAME, TABLES, TOOLS

SEEDED = "lumen/seeding.py"
LINE = "    torch.cuda.manual_seed_all(seed)\n"
OTHER = "    torch.cuda.manual_seed(seed)\n"
OURS = "    torch.accelerator.manual_seed_all(seed)\n"
#: The verdicts when it is resolved.
DONE = (resolved(), clean(), clean(), clean())


def disagree(world: World) -> None:
    """Upstream's side of it."""
    world.history.edit("Seed one GPU", SEEDED, LINE, OTHER)


def stop(world: World) -> World:
    """Rebase into it."""
    disagree(world)
    world.rebase(conflict(SEEDED, 1, by="Seed one GPU"))
    return world


def resolution(world: World) -> str:
    """The conflicting file as the user wants it."""
    return world.history.text(SEEDED).replace(OTHER, OURS)


def wanted(world: World) -> Tree:
    """The ported tree with that."""
    tree = NAME.apply(TOOLS.apply(TABLES.apply(world.history.files)))
    return tree | {SEEDED: resolution(world).encode()}
