"""Pictures in and out of the model: read any picture, cut it to size, show the result."""

import io
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError
from PIL.Image import Resampling

#: The normalisation of pictures in upstream's evaluation scripts.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: Pictures of up to twice as many pixels are read; pillow's own limit is a third of that.
MOST_PIXELS = 250_000_000


class Problem(Exception):
    """An error that the user can fix: one line, and a hint."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{' '.join(message.split())}\nhint: {hint}")


def read_picture(path: Path) -> Image.Image:
    """Read any picture as upright 8-bit RGB; transparent pixels become white."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = ImageOps.exif_transpose(Image.open(path))
            return _as_rgb(picture)
    except UnidentifiedImageError as error:
        raise Problem(f"{path} is not a picture that pillow reads", "a PNG or JPEG") from error
    except Image.DecompressionBombError as error:
        raise Problem(f"{path} has more than {2 * MOST_PIXELS:,} pixels", "a smaller one") from error
    except (OSError, SyntaxError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise Problem(f"{path}: {why}", "name a whole PNG or JPEG") from error


def _as_rgb(picture: Image.Image) -> Image.Image:
    """The picture as 8-bit RGB; pillow's own conversion cuts deeper greys off at 255."""
    if picture.mode.startswith("I") or picture.mode == "F":
        grey = np.nan_to_num(np.asarray(picture, dtype=np.float64))
        deep = picture.mode.startswith("I;16") or grey.max(initial=0) > 255
        top = 65535.0 if deep else (1.0 if picture.mode == "F" and grey.max(initial=0) <= 1 else 255.0)
        picture = Image.fromarray((grey.clip(0, top) / top * 255).round().astype(np.uint8))
    if picture.has_transparency_data:
        over = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over)
    return picture.convert("RGB")


def centre_square(picture: Image.Image, side: int) -> Image.Image:
    """The middle of a picture, resized as in upstream's reconstruction: halved by boxes, then bicubic."""
    short = min(picture.size)
    width, height = (min(length, 8 * short) for length in picture.size)  # nothing outside is kept
    picture = _middle(picture, width, height)
    while min(picture.size) >= 2 * side:
        picture = picture.resize((picture.width // 2, picture.height // 2), Resampling.BOX)
    scale = side / min(picture.size)
    size = round(picture.width * scale), round(picture.height * scale)
    picture = picture.resize(size, Resampling.BICUBIC)
    return _middle(picture, side, side)


def _middle(picture: Image.Image, width: int, height: int) -> Image.Image:
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def squeezed(picture: Image.Image, side: int) -> Image.Image:
    """The whole picture as a square, as in upstream's zero-shot."""
    return picture.resize((side, side), Resampling.BILINEAR)


def to_normal(picture: Image.Image) -> np.ndarray:
    """A picture as (1, 3, H, W) float32, normalised as in training."""
    pixels = np.asarray(picture, dtype=np.float32) / 255
    return np.ascontiguousarray(((pixels - np.float32(MEAN)) / np.float32(STD)).transpose(2, 0, 1)[None])


def to_pixels(image: np.ndarray) -> np.ndarray:
    """A normalised (1, 3, H, W) as (H, W, 3) in 0..1."""
    return (image[0].transpose(1, 2, 0) * np.float32(STD) + np.float32(MEAN)).clip(0, 1)


def psnr(original: np.ndarray, rebuilt: np.ndarray) -> float | None:
    """The peak signal-to-noise ratio of pixels in 0..1, in dB; None where they are equal."""
    square = float(np.square(original.astype(np.float64) - rebuilt).mean())
    return -10 * math.log10(square) if square else None


def decibels(value: float | None) -> str:
    """A PSNR as text."""
    return "bitwise equal" if value is None else f"PSNR {value:.2f} dB"


def to_picture(pixels: np.ndarray) -> Image.Image:
    """Pixels in 0..1 as 8-bit RGB."""
    return Image.fromarray((pixels * 255).round().astype(np.uint8))


def as_png(picture: Image.Image) -> bytes:
    """The bytes of a PNG file."""
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


PAPER, INK, PALE, TRACK = "#fbfaf7", "#1c2430", "#6b7280", "#e7e5df"
LEADING, OTHERS, WARNING, WARNED = "#0f766e", "#9db8b5", "#fde68a", "#7c2d12"
MARGIN, GAP, SIDE, COLUMN = 56, 28, 512, 440
#: Fonts for captions whose letters pillow's own font lacks.
EASTERN = ("NotoSansCJK-Regular.ttc", "wqy-microhei.ttc", "wqy-zenhei.ttc", "simhei.ttf", "PingFang.ttc")
#: The largest number of captions beside the pictures.
ROOM = 7

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw(original: Image.Image, rebuilt: Image.Image, results: Mapping[str, Any]) -> Image.Image:
    """The showcase: original, reconstruction and the captions' bars on one page.

    Args:
        original: the input.
        rebuilt: the output, of the same size.
        results: the data that `inference.py showcase --json` writes.
    """
    captions, warning = results["captions"], results.get("warning")
    top = 168 + (48 if warning else 0)
    width = 2 * MARGIN + 2 * SIDE + GAP + (MARGIN + COLUMN if captions else 0)
    page = Image.new("RGB", (width, top + SIDE + 148), PAPER)
    pen = ImageDraw.Draw(page)
    if warning:
        pen.rectangle((0, 0, width, 48), fill=WARNING)
        pen.text(
            (MARGIN, 24), warning.replace("random weights", "RANDOM WEIGHTS"), WARNED, face(20), anchor="lm"
        )
    device, versions = results["device"]["name"], results["versions"]
    _bold(pen, (MARGIN, top - 120), f"{results['model']} on {device}", face(38))
    installed = " · ".join(f"{name} {version}" for name, version in versions.items())
    about = _fitted(f"weights: {results['weights']['name']}  ·  {installed}", face(19), width - 2 * MARGIN)
    pen.text((MARGIN, top - 62), about, PALE, face(19))
    if warning:
        rebuilt = stamp(rebuilt.resize((SIDE, SIDE), _how(rebuilt)))
    caption = f"reconstruction  ·  {decibels(results['psnr_db'])}"
    for left, picture, text in (
        (MARGIN, original, f"original  ·  {results['picture']}"),
        (MARGIN + SIDE + GAP, rebuilt, caption),
    ):
        page.paste(_rounded(picture.resize((SIDE, SIDE), _how(picture))), (left, top))
        pen.text((left, top + SIDE + 18), _fitted(text, face(20, text), SIDE), INK, face(20, text))
    if captions:
        _bars(page, 2 * MARGIN + 2 * SIDE + GAP, top, captions)
    times = "  ·  ".join(f"{name} {value:.1f} ms" for name, value in results["milliseconds"].items())
    note = results.get("meaningless", "medians at batch 1")
    pen.line((MARGIN, top + SIDE + 72, width - MARGIN, top + SIDE + 72), TRACK, 2)
    line = _fitted(f"{times}   ({note})", face(19), width - 2 * MARGIN)
    pen.text((MARGIN, top + SIDE + 90), line, PALE, face(19))
    return page


def _bars(page: Image.Image, left: int, top: int, captions: Sequence[Mapping[str, Any]]) -> None:
    pen = ImageDraw.Draw(page)
    ranked = sorted(captions, key=lambda one: -one["probability"])
    _bold(pen, (left, top - 2), "Which caption fits?", face(22))
    step = min(92, (SIDE - 44) // min(len(ranked), ROOM))
    for place, one in enumerate(ranked[:ROOM]):
        y, share, ink = top + 48 + place * step, one["probability"], PALE if place else INK
        font, shown = face(20, one["caption"]), f"{share:.1%}"
        room = COLUMN - 16 - face(20).getlength(shown)
        pen.text((left, y), _fitted(one["caption"], font, room), ink, font)
        pen.text((left + COLUMN, y), shown, ink, face(20), anchor="ra")
        _pill(page, (left, y + 32), COLUMN, TRACK)
        if share * COLUMN >= 1:
            _pill(page, (left, y + 32), max(12, round(share * COLUMN)), OTHERS if place else LEADING)
    if len(ranked) > ROOM:
        more = f"and {len(ranked) - ROOM} more"
        pen.text((left + COLUMN, top - 2), more, PALE, face(20), anchor="ra")


def _pill(page: Image.Image, at: tuple[int, int], width: int, colour: str) -> None:
    mask = Image.new("L", (4 * width, 48), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 4 * width - 1, 47), 24, 255)
    mask = mask.resize((width, 12), Resampling.LANCZOS)
    page.paste(Image.new("RGB", mask.size, colour), at, mask)


def stamp(picture: Image.Image) -> Image.Image:
    """The picture under a band with the words RANDOM WEIGHTS."""
    width, height = picture.size
    words = Image.new("L", (2 * width, max(10, width // 6)), 0)
    place = width, words.height // 2
    ImageDraw.Draw(words).text(place, "RANDOM WEIGHTS", 255, face(max(7, width // 12)), anchor="mm")
    band = Image.new("L", words.size, 170)
    stamped = picture.copy()
    for mask, ink in ((band, WARNED), (words, "white")):
        tilted = mask.rotate(20, expand=True, resample=Resampling.BICUBIC)
        at = (width - tilted.width) // 2, (height - tilted.height) // 2
        stamped.paste(Image.new("RGB", tilted.size, ink), at, tilted)
    return stamped


def face(size: int, text: str = "") -> Font:
    """Pillow's own font; for eastern letters a font of the system, if there is one."""
    if any(ord(letter) > 0x2E00 for letter in text):
        for name in EASTERN:
            try:
                return ImageFont.truetype(name, size)
            except OSError:
                continue
    return ImageFont.load_default(size)


def _bold(pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, font: Font) -> None:
    pen.text(at, text, INK, font, stroke_width=0.5, stroke_fill=INK)


def _fitted(text: str, font: Font, width: float) -> str:
    """The text, cut off where it is too long."""
    text = " ".join(text.split())
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _how(picture: Image.Image) -> Resampling:
    """The filter to resize with: small pictures show their pixels."""
    return Resampling.NEAREST if picture.width < SIDE // 4 else Resampling.LANCZOS


def _rounded(picture: Image.Image) -> Image.Image:
    """The picture with rounded corners in the page's colour."""
    mask = Image.new("L", (2 * SIDE, 2 * SIDE), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 2 * SIDE - 1, 2 * SIDE - 1), 24, 255)
    mask = mask.resize((SIDE, SIDE), Resampling.LANCZOS)
    return Image.composite(picture, Image.new("RGB", picture.size, PAPER), mask)
