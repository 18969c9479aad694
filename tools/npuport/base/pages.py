"""Pages from templates: the templates' environment, and how figures are written."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2


def environment(
    templates: Path, *, html: bool = False, keep_trailing_newline: bool = True
) -> "jinja2.Environment":
    """The Jinja environment of a directory's templates; a name that the data lack is an error.

    Args:
        templates: the directory.
        html: escape the values for HTML.
        keep_trailing_newline: keep the template's last newline.
    """
    import jinja2  # late: a release's bundle has this module, and needs no jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=keep_trailing_newline,
        undefined=jinja2.StrictUndefined,
        autoescape=html,
    )


def figure(value: float | None) -> str:
    """A numerical error as text: `1.2e-07`, `0` if there is none, a dash if it was not measured."""
    if value is None:
        return "–"
    return "0" if value == 0 else f"{value:.1e}"


def percent(value: float | None) -> str:
    """A share as text, in two digits: `0.42%`."""
    if value is None:
        return "–"
    return "0" if value == 0 else f"{100 * value:.2g}%"
