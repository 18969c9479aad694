#!/usr/bin/env python3
"""Run patchtok: features, reconstruction and zero-shot, on an Ascend NPU, a GPU or the CPU.

    python inference.py features PICTURE --weights DIR --out features.safetensors
    python inference.py reconstruct PICTURE --weights DIR --out rebuilt.png
    python inference.py zero-shot PICTURE --weights DIR --caption "a boat" --caption "a hill"
    python inference.py showcase PICTURE --random --out showcase.png

It needs the ported `patchtok/` beside it, and torch, safetensors and pillow; for an NPU torch_npu.
Exit codes: 0 done, 1 something you can fix, 2 wrong usage.
"""

import argparse
import io
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

sys.dont_write_bytecode = True  # the tree must stay as it is: its checksums are published
os.environ["TORCH_DEVICE_BACKEND_AUTOLOAD"] = "0"  # torch_npu is imported below, where CANN may be missing
try:
    import torch
    from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError
    from safetensors import SafetensorError
    from safetensors.torch import save
    from torch import Tensor
except ModuleNotFoundError as error:
    sys.exit(f"error: {error.name} is not installed\nhint: pip install -r requirements.txt")

#: The differences from PatchTokConfig() at each size, for random weights.
SIZES: dict[str, dict[str, int]] = {
    "tiny": {
        **{"image_size": 32, "width": 64, "heads": 2, "depth": 2, "decoder_depth": 1},
        **{"text_width": 48, "text_heads": 3, "text_depth": 2, "feature_dim": 32},
    },
    "small": {},
}
RANDOM = "random weights: the reconstruction and the probabilities mean nothing"
PAPER, INK, WARNED = "#fbfaf7", "#1c2430", "#9a3412"


class Problem(Exception):
    """An error that the user can fix: one line, and a hint."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{' '.join(message.split())}\nhint: {hint}")


def choose_device(wanted: str) -> tuple[str, str]:
    """torch's name and the product name of a device; for `auto` an NPU, else a GPU, else the CPU."""
    missing = _npu_missing() if wanted in ("auto", "npu") else ""
    if wanted in ("auto", "npu") and not missing:
        return "npu:0", torch.npu.get_device_name(0)
    if wanted == "npu":
        raise Problem(f"no NPU: {missing}", "--device auto; the NPU needs its driver, CANN and torch_npu")
    if wanted in ("auto", "cuda") and torch.cuda.is_available():
        return "cuda:0", torch.cuda.get_device_name(0)
    if wanted == "cuda":
        raise Problem("no GPU: torch.cuda.is_available() is False", "--device auto")
    return "cpu", platform.processor() or platform.machine()


def _npu_missing() -> str:
    try:
        import torch_npu  # noqa: F401 - makes torch.npu

        return "" if torch.npu.is_available() else "torch.npu.is_available() is False"
    except Exception as error:  # not installed, a library of CANN's that does not load, a driver that fails
        return f"torch_npu: {error}"


def read_picture(path: Path) -> Image.Image:
    """Read any picture as upright RGB; transparent pixels become white."""
    try:
        picture = ImageOps.exif_transpose(Image.open(path))
        if picture.mode.startswith("I;16"):
            picture = picture.point(lambda value: value / 256).convert("L")
        over = picture.convert("RGBA")
    except UnidentifiedImageError as error:
        raise Problem(f"{path} is not a picture that pillow reads", "a PNG or JPEG") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        why = getattr(error, "strerror", None) or error
        raise Problem(f"{path}: {why}", "name a whole PNG or JPEG") from error
    return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")


class PatchTokAtWork:
    """The model on its device, and where its weights come from."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.device, self.device_name = choose_device(args.device)
        print(f"device: {self.device_name}", file=sys.stderr)
        if not (args.source / "patchtok").is_dir():
            raise Problem(f"{args.source} has no patchtok/", "--source DIR, the ported tree or a bundle")
        sys.path.insert(0, str(args.source.resolve()))
        from patchtok import PatchTok, PatchTokConfig

        if args.random:
            torch.manual_seed(args.seed)
            model = PatchTok(PatchTokConfig(**SIZES[args.size]))
            self.weights = {"random": True, "name": f"random, {args.size}, seed {args.seed}"}
            print(RANDOM.upper(), file=sys.stderr)
        else:
            directory = find_weights(args.weights)
            try:
                model = PatchTok.from_pretrained(directory)
            except (OSError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
                raise Problem(f"{directory}: {error}"[:300], "a checkpoint of patchtok's") from error
            self.weights = {"random": False, "name": args.label or directory.resolve().name}
        self.model = model.eval().to(self.device)
        self.side: int = model.config.image_size

    def image(self, picture: Image.Image) -> Tensor:
        """A picture as the model takes it: (1, 3, H, W) in [-1, 1], on the device."""
        small = picture.resize((self.side, self.side), Image.Resampling.BICUBIC)
        pixels = torch.frombuffer(bytearray(small.tobytes()), dtype=torch.uint8)
        return (pixels.view(self.side, self.side, 3).permute(2, 0, 1)[None] / 127.5 - 1).to(self.device)

    def timed(self, run: Callable[[], Tensor]) -> tuple[Tensor, float]:
        """A result and its median time in ms: the sixth to tenth of ten runs."""
        times = []
        for _ in range(10):
            self.synchronize()
            started = time.perf_counter()
            result = run()
            self.synchronize()
            times.append(1000 * (time.perf_counter() - started))
        return result, statistics.median(times[5:])

    def synchronize(self) -> None:
        """Wait until the device is idle."""
        if self.device != "cpu":
            getattr(torch, self.device.partition(":")[0]).synchronize()

    def reconstruct(self, picture: Image.Image) -> tuple[Tensor, Tensor, dict[str, float]]:
        """Input and output, (1, 3, H, W) in [-1, 1] on the CPU, and the times in ms."""
        image = self.image(picture)
        latents, encoding = self.timed(lambda: self.model.encode(image))
        rebuilt, decoding = self.timed(lambda: self.model.decode(latents))
        return image.cpu(), rebuilt.cpu().clamp(-1, 1), {"encode": encoding, "decode": decoding}

    def zero_shot(self, picture: Image.Image, captions: Sequence[str]) -> list[float]:
        """The probability of each caption."""
        from patchtok.text import tokenize

        text = tokenize(list(captions), self.model.config.text_length).to(self.device)
        shares: list[float] = self.model.logits(self.image(picture), text).softmax(dim=-1)[0].tolist()
        return shares


def find_weights(spec: str) -> Path:
    """The directory of a checkpoint: `DIR` or `hf:ID[@REVISION]`."""
    if not spec.startswith("hf:"):
        if not (Path(spec) / "config.json").is_file() or not any(Path(spec).glob("*.safetensors")):
            raise Problem(f"{spec} holds no checkpoint", "--weights DIR or hf:ID, or --random")
        return Path(spec)
    name, _, revision = spec.removeprefix("hf:").partition("@")
    try:
        from huggingface_hub import snapshot_download

        wanted = ["config.json", "*.safetensors"]
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=wanted))
    except Exception as error:  # whatever the client raises: not installed, no network, no such model
        raise Problem(f"{spec}: {str(error).splitlines()[0]}", "download it, then --weights DIR") from error


def psnr(original: Tensor, rebuilt: Tensor) -> float | None:
    """The peak signal-to-noise ratio in dB of pictures in [-1, 1]; None where they are equal."""
    square = (original.double() - rebuilt.double()).square().mean()
    return float(10 * torch.log10(4 / square)) if square else None


def to_picture(image: Tensor) -> Image.Image:
    """A (1, 3, H, W) in [-1, 1] as 8-bit RGB."""
    pixels = ((image[0] + 1) * 127.5).round().to(torch.uint8)
    return Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())


def draw(original: Image.Image, rebuilt: Image.Image, results: Mapping[str, Any]) -> Image.Image:
    """Original and reconstruction on one page, with figures and captions."""
    page = Image.new("RGB", (896, 560 + 28 * len(results["captions"])), PAPER)
    pen, line = ImageDraw.Draw(page), ImageFont.load_default(18)
    pen.text((40, 28), f"{results['model']} on {results['device']['name']}", INK, ImageFont.load_default(28))
    note = results.get("warning", f"weights: {results['weights']['name']}")
    pen.text((40, 68), note, WARNED if "warning" in results else INK, line)
    for left, picture in ((40, original), (464, rebuilt)):
        page.paste(picture.resize((392, 392), Image.Resampling.NEAREST), (left, 104))
    value = results["psnr_db"]
    quality = "bitwise equal" if value is None else f"PSNR {value:.2f} dB"
    pen.text((40, 508), f"original · {results['picture']}", INK, line)
    pen.text((464, 508), f"reconstruction · {quality}", INK, line)
    for place, one in enumerate(sorted(results["captions"], key=lambda one: -one["probability"])):
        pen.text((40, 540 + 28 * place), f"{one['probability']:6.1%}   {one['caption'][:80]}", INK, line)
    return page


def run_features(args: argparse.Namespace) -> None:
    """Print the shapes of the features, and write the features to a file."""
    picture, work = read_picture(args.picture), PatchTokAtWork(args)
    image = work.image(picture)
    features = {"latents": work.model.encode(image), "image_feature": work.model.embed_image(image)}
    for name, tensor in features.items():
        print(f"{name:<20} {tuple(tensor.shape)}")
    if args.out:
        note = {"device": work.device_name, "weights": str(work.weights["name"])}
        args.out.write_bytes(
            save({name: t.cpu().contiguous() for name, t in features.items()}, metadata=note)
        )


def run_reconstruct(args: argparse.Namespace) -> None:
    """Write the picture that the model reconstructs."""
    picture, work = read_picture(args.picture), PatchTokAtWork(args)
    original, rebuilt, _ = work.reconstruct(picture)
    args.out.write_bytes(as_png(to_picture(rebuilt)))
    print(f"PSNR {psnr(original, rebuilt)} dB")


def run_zero_shot(args: argparse.Namespace) -> None:
    """Print the probability of each caption."""
    picture, work = read_picture(args.picture), PatchTokAtWork(args)
    shares = work.zero_shot(picture, args.caption)
    for share, caption in sorted(zip(shares, args.caption, strict=True), reverse=True):
        print(f"{share:7.2%}  {caption}")


def run_showcase(args: argparse.Namespace) -> None:
    """Write one PNG with reconstruction and captions, and the figures as JSON."""
    picture, work = read_picture(args.picture), PatchTokAtWork(args)
    original, rebuilt, times = work.reconstruct(picture)
    shares = work.zero_shot(picture, args.caption) if args.caption else []
    simulated = "simulated" in work.device_name
    results = {
        "schema": 1,
        "model": "patchtok",
        "picture": args.picture.name,
        "side": work.side,
        "device": {"name": work.device_name, "simulated": simulated},
        "weights": work.weights,
        "psnr_db": psnr(original, rebuilt),
        "captions": [
            {"caption": caption, "probability": share}
            for caption, share in zip(args.caption, shares, strict=True)
        ],
        "milliseconds": times,
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        **({"meaningless": "times on the simulator say nothing about the chip"} if simulated else {}),
        **({"warning": RANDOM} if work.weights["random"] else {}),
    }
    args.out.write_bytes(as_png(draw(to_picture(original), to_picture(rebuilt), results)))
    if args.json:
        args.json.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(args.out)


def as_png(picture: Image.Image) -> bytes:
    """The bytes of a PNG file."""
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


class Parser(argparse.ArgumentParser):
    """argparse with errors in one line, and a hint."""

    def error(self, message: str, hint: str = "") -> NoReturn:
        """Exit with code 2."""
        self.exit(2, f"error: {message}\nhint: {hint or f'{self.prog} --help'}\n")


VERBS: dict[str, Callable[[argparse.Namespace], None]] = {
    "features": run_features,
    "reconstruct": run_reconstruct,
    "zero-shot": run_zero_shot,
    "showcase": run_showcase,
}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    common = Parser(add_help=False)
    common.add_argument("picture", type=Path, metavar="PICTURE", help="any picture that pillow can read")
    common.add_argument("--device", choices=("auto", "npu", "cuda", "cpu"), default="auto")
    common.add_argument("--weights", metavar="SPEC", help="a checkpoint's directory, or hf:ID[@REVISION]")
    common.add_argument("--random", action="store_true", help="random weights: the outputs mean nothing")
    common.add_argument("--size", choices=SIZES, default="small", help="with --random (default: small)")
    common.add_argument("--seed", type=int, default=0, metavar="N", help="with --random (default: 0)")
    common.add_argument("--label", metavar="TEXT", help="the name of the weights")
    common.add_argument("--source", type=Path, default=Path(__file__).parent, metavar="DIR")
    parser = Parser(description="Run patchtok on an Ascend NPU, a GPU or the CPU.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, run in VERBS.items():
        verb = verbs.add_parser(name, parents=[common], help=run.__doc__, description=run.__doc__)
        verb.set_defaults(run=run)
        verb.add_argument("--out", type=Path, metavar="FILE", required=name in ("reconstruct", "showcase"))
        if name in ("zero-shot", "showcase"):
            verb.add_argument("--caption", action="append", default=[], required=name == "zero-shot")
    verbs.choices["showcase"].add_argument("--json", type=Path, metavar="FILE", help="the figures")
    args = parser.parse_args(argv)
    if args.random == bool(args.weights):
        message = "both --weights and --random" if args.random else "no weights"
        parser.error(message, "--weights DIR, --weights hf:ID, or --random to see it run")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return the exit code."""
    args = parse(argv)
    try:
        with torch.no_grad():
            args.run(args)
    except Problem as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}\nhint: another --out", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
