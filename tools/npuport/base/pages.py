"""What the pages that people read have in common: how a template is rendered, how a figure is shown."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2


def environment(
    templates: Path, *, html: bool = False, keep_trailing_newline: bool = True
) -> "jinja2.Environment":
    """The templates of a directory; a name that the data lack is an error, not an empty place.

    Args:
        templates: the directory.
        html: escape what is put in.
        keep_trailing_newline: end the page as the template does.
    """
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=keep_trailing_newline,
        undefined=jinja2.StrictUndefined,
        autoescape=html,
    )


def figure(value: float | None) -> str:
    """An error: `1.2e-07`, `0` where there is none at all, a dash where there was nothing to measure."""
    if value is None:
        return "–"
    return "0" if value == 0 else f"{value:.1e}"


def percent(value: float | None) -> str:
    """A share in two digits: `0.42%`."""
    if value is None:
        return "–"
    return "0" if value == 0 else f"{100 * value:.2g}%"
