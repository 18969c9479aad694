#!/usr/bin/env python3
"""Run VTP: features, reconstruction and zero-shot, on an Ascend NPU, a GPU or the CPU.

    python inference.py features PICTURE --weights DIR --out features.safetensors
    python inference.py reconstruct PICTURE --weights DIR --out rebuilt.png
    python inference.py zero-shot PICTURE --weights DIR --caption "a dog" --caption "a cat"
    python inference.py showcase PICTURE --random --out showcase.png

It needs `pictures.py` and the ported `vtp/` beside it, and torch, transformers, safetensors, numpy and
pillow; for an NPU torch_npu. Exit codes: 0 done, 1 something you can fix, 2 wrong usage.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

sys.dont_write_bytecode = True  # the tree must stay as it is: its checksums are published
try:
    import pictures
    from pictures import Problem
except ModuleNotFoundError as error:
    sys.exit(f"error: {error.name} is not installed\nhint: pip install -r requirements.txt")

# torch_npu is imported below, when it is needed: torch's own import would fail where CANN is missing.
os.environ["TORCH_DEVICE_BACKEND_AUTOLOAD"] = "0"
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

#: The differences from VTPConfig() at each size, for random weights.
SIZES: dict[str, dict[str, int]] = {
    "tiny": {
        **{"image_size": 64, "vision_embed_dim": 128, "vision_num_heads": 2, "vision_depth": 2},
        **{"text_embed_dim": 64, "text_num_heads": 4, "text_depth": 2},
        **{"decoder_embed_dim": 128, "decoder_num_heads": 2, "decoder_depth": 2},
    },
    "small": {
        **{"vision_embed_dim": 384, "vision_num_heads": 6},
        **{"decoder_embed_dim": 384, "decoder_num_heads": 6},
    },
    "base": {},
}
#: The temperature of upstream's zero-shot evaluation.
SCALE = 100.0


@dataclass(frozen=True)
class Chosen:
    """The device: torch's name for it (`npu:0`), and its product name."""

    torch: str
    name: str

    @property
    def simulated(self) -> bool:
        """Whether the device is the simulator."""
        return "simulated" in self.name

    def synchronize(self) -> None:
        """Wait until the device is idle."""
        import torch

        if self.torch != "cpu":
            getattr(torch, self.torch.partition(":")[0]).synchronize()


def choose_device(wanted: str) -> Chosen:
    """The device of a kind; for `auto` an NPU, else a GPU, else the CPU."""
    import torch

    missing = _npu_missing() if wanted in ("auto", "npu") else "not needed"
    if not missing:
        return Chosen("npu:0", torch.npu.get_device_name(0))
    if wanted == "npu":
        raise Problem(f"no NPU: {missing}", "--device auto; the NPU needs its driver, CANN and torch_npu")
    if "torch_npu" not in sys.modules:
        sys.modules["torch_npu"] = None  # type: ignore[assignment]  # transformers imports what it finds
    if wanted in ("auto", "cuda") and torch.cuda.is_available():
        return Chosen("cuda:0", torch.cuda.get_device_name(0))
    if wanted == "cuda":
        raise Problem("no GPU: torch.cuda.is_available() is False", "--device auto")
    return Chosen("cpu", _processor())


def _npu_missing() -> str:
    import torch

    try:
        import torch_npu  # noqa: F401 - makes torch.npu
    except ModuleNotFoundError:
        return "torch_npu is not installed"
    except Exception as error:  # a library of CANN's that does not load, a torch that does not match
        return f"torch_npu: {error}"
    try:
        return "" if torch.npu.is_available() else "torch.npu.is_available() is False"
    except Exception as error:
        return f"the driver: {error}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(filter(None, named), platform.processor() or platform.machine())


class Vtp:
    """The model on its device, and where its weights come from."""

    def __init__(self, args: argparse.Namespace) -> None:
        import torch

        self.device = choose_device(args.device)
        print(f"device: {self.device.name}", file=sys.stderr)
        if not (args.source / "vtp").is_dir():
            raise Problem(f"{args.source} has no vtp/", "--source DIR, the ported tree or a bundle")
        sys.path.insert(0, str(args.source.resolve()))
        from vtp.models.vtp_hf import VTPConfig, VTPModel
        from vtp.tokenizers import get_tokenizer

        if args.random:
            torch.manual_seed(args.seed)
            model = VTPModel(VTPConfig(**SIZES[args.size]))
            self.weights = {"random": True, "name": f"random, {args.size}, seed {args.seed}"}
            print("RANDOM WEIGHTS: the outputs mean nothing", file=sys.stderr)
        else:
            directory, name = find_weights(args.weights)
            model = _load(VTPConfig, VTPModel, directory)
            self.weights = {"random": False, "name": args.label or name}
        for parameter in model.parameters():  # no model.float(): it would cast the bfloat16 RoPE buffer
            parameter.data = parameter.data.float()
        rope = {n: b.dtype for n, b in model.named_buffers() if n.endswith("periods")}
        if any(dtype != torch.bfloat16 for dtype in rope.values()):
            raise Problem(f"the RoPE periods are {rope}, not bfloat16", "a checkpoint as upstream saves it")
        self.model = model.eval().to(self.device.torch)
        self.side: int = model.config.image_size
        self.tokenizer = get_tokenizer(context_length=model.config.text_context_length)

    def features(self, picture: Any) -> dict[str, Any]:
        """The features: cls_token, patch_tokens, clip_image_feature, latents."""
        image = self.put(pictures.centre_square(picture, self.side))
        last = self.model.get_last_layer_feature(image)
        return {
            "cls_token": last["cls_token"],
            "patch_tokens": last["patch_tokens"],
            "clip_image_feature": self.model.get_clip_image_feature(image),
            "latents": self.model.get_reconstruction_latents(image),
        }

    def reconstruct(self, picture: Any) -> tuple[Any, Any, dict[str, float]]:
        """The input square and the output square, pixels in 0..1, and the times in ms."""
        image = self.put(pictures.centre_square(picture, self.side))
        latents, encoding = self.timed(lambda: self.model.get_reconstruction_latents(image))
        rebuilt, decoding = self.timed(lambda: self.model.get_latents_decoded_images(latents))
        before, after = (pictures.to_pixels(one.cpu().numpy()) for one in (image, rebuilt))
        return before, after, {"encode": encoding, "decode": decoding}

    def zero_shot(self, picture: Any, captions: Sequence[str]) -> tuple[list[float], dict[str, float]]:
        """The probability of each caption, and the times in ms."""
        image = self.put(pictures.squeezed(picture, self.side))
        text = self.tokenizer(list(captions)).to(self.device.torch)
        image_feature, image_ms = self.timed(lambda: self.model.get_clip_image_feature(image))
        text_feature, text_ms = self.timed(lambda: self.model.get_clip_text_feature(text))
        shares = (SCALE * image_feature @ text_feature.T).softmax(dim=-1)[0].tolist()
        return shares, {"CLIP image": image_ms, "CLIP text": text_ms}

    def put(self, picture: Any) -> Any:
        """A picture as the model takes it: (1, 3, H, W), normalised, on the device."""
        import torch

        return torch.from_numpy(pictures.to_normal(picture)).to(self.device.torch)

    def timed(self, run: Callable[[], Any]) -> tuple[Any, float]:
        """A result and its median time in ms: one run to warm up, then two to ten within a second."""
        result, times = None, []
        self.device.synchronize()
        while len(times) < 3 or (len(times) < 11 and sum(times[1:]) < 1000):
            started = time.perf_counter()
            result = run()
            self.device.synchronize()
            times.append(1000 * (time.perf_counter() - started))
        return result, statistics.median(times[1:])


def find_weights(spec: str) -> tuple[Path, str]:
    """The directory and the name of a checkpoint: `DIR` or `hf:ID[@REVISION]`."""
    if not spec.startswith("hf:"):
        directory = Path(spec)
        if not (directory / "config.json").is_file() or not any(directory.glob("*.safetensors")):
            raise Problem(
                f"{spec} holds no checkpoint: config.json or .safetensors is missing",
                "--weights DIR or hf:ID, or --random",
            )
        return directory, directory.resolve().name
    name, _, revision = spec.removeprefix("hf:").partition("@")
    try:
        from huggingface_hub import snapshot_download

        wanted = ["config.json", "*.safetensors", "*.safetensors.index.json"]
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=wanted)), spec
    except ModuleNotFoundError as error:
        raise Problem(f"{spec}: huggingface_hub is not installed", "pip install huggingface_hub") from error
    except Exception as error:  # whatever the client raises: no network, no such model, no disk
        raise Problem(f"{spec}: {str(error).splitlines()[0]}", "download it, then --weights DIR") from error


def _load(config_class: Any, model_class: Any, directory: Path) -> Any:
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        model, loading = model_class.from_pretrained(
            directory,
            config=config_class.from_pretrained(directory),
            use_safetensors=True,
            output_loading_info=True,
        )
    except Exception as error:
        raise Problem(f"{directory}: {type(error).__name__}: {error}"[:300], "download it again") from error
    missing = sorted({*loading["missing_keys"], *(str(key[0]) for key in loading.get("mismatched_keys", ()))})
    if missing:
        raise Problem(
            f"{directory} lacks {len(missing)} tensors of the model: {missing[0]}", "a VTP checkpoint"
        )
    return model


def run_features(args: argparse.Namespace) -> None:
    """Print the shapes of the features, and write the features to a file."""
    picture, model = pictures.read_picture(args.picture), Vtp(args)
    features = {name: tensor.cpu().contiguous() for name, tensor in model.features(picture).items()}
    for name, tensor in features.items():
        print(f"{name:<20} {tuple(tensor.shape)}")
    if args.out:
        from safetensors.torch import save

        note = {"device": model.device.name, "weights": str(model.weights["name"])}
        write(args.out, save(features, metadata=note))


def run_reconstruct(args: argparse.Namespace) -> None:
    """Write the picture that the model reconstructs."""
    picture, model = pictures.read_picture(args.picture), Vtp(args)
    original, rebuilt, _ = model.reconstruct(picture)
    shown = pictures.to_picture(rebuilt)
    write(args.out, pictures.as_png(pictures.stamp(shown) if model.weights["random"] else shown))
    print(pictures.decibels(pictures.psnr(original, rebuilt)))


def run_zero_shot(args: argparse.Namespace) -> None:
    """Print the probability of each caption."""
    picture, model = pictures.read_picture(args.picture), Vtp(args)
    shares, _ = model.zero_shot(picture, args.caption)
    for share, caption in sorted(zip(shares, args.caption, strict=True), reverse=True):
        print(f"{share:7.2%}  {caption}")


def run_showcase(args: argparse.Namespace) -> None:
    """Write one PNG with reconstruction and captions, and the figures as JSON."""
    picture, model = pictures.read_picture(args.picture), Vtp(args)
    original, rebuilt, times = model.reconstruct(picture)
    results = {
        "schema": 1,
        "model": "VTP",
        "picture": args.picture.name,
        "side": model.side,
        "device": {"name": model.device.name, "simulated": model.device.simulated},
        "weights": model.weights,
        "psnr_db": pictures.psnr(original, rebuilt),
        "captions": [],
        "milliseconds": times,
        "versions": versions(),
    }
    if args.caption:
        shares, more = model.zero_shot(picture, args.caption)
        results["captions"] = [
            {"caption": caption, "probability": share}
            for caption, share in zip(args.caption, shares, strict=True)
        ]
        times |= more
    if model.device.simulated:
        results["meaningless"] = "times on the simulator say nothing about the chip"
    if model.weights["random"]:
        results["warning"] = "random weights: the reconstruction and the probabilities mean nothing"
    shown = (pictures.to_picture(pixels) for pixels in (original, rebuilt))
    write(args.out, pictures.as_png(pictures.draw(*shown, results)))
    if args.json:
        write(args.json, (json.dumps(results, indent=1, ensure_ascii=False) + "\n").encode())
    print(f"{pictures.decibels(results['psnr_db'])}; {args.out}")


def versions() -> dict[str, str]:
    """The versions of Python and of the installed packages that this uses."""
    import importlib.metadata

    installed = {"python": platform.python_version()}
    for name in ("torch", "torch_npu", "transformers"):
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return installed


def write(path: Path, data: bytes) -> None:
    """Replace a file in one step."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class Parser(argparse.ArgumentParser):
    """argparse with errors in one line, and a hint."""

    def error(self, message: str, hint: str = "") -> NoReturn:
        """Exit with code 2."""
        self.exit(2, f"error: {message}\nhint: {hint or f'{self.prog} --help'}\n")


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
    common.add_argument(
        "--source", type=Path, default=Path(__file__).parent, metavar="DIR", help="the tree that holds vtp/"
    )
    parser = Parser(description="Run VTP on an Ascend NPU, a GPU or the CPU.")
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


VERBS: dict[str, Callable[[argparse.Namespace], None]] = {
    "features": run_features,
    "reconstruct": run_reconstruct,
    "zero-shot": run_zero_shot,
    "showcase": run_showcase,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return the exit code."""
    args = parse(argv)
    try:
        for path in filter(None, (args.out, getattr(args, "json", None))):
            if not path.parent.is_dir():
                raise Problem(f"{path.parent} is no directory", f"mkdir -p {path.parent}")
        import torch

        with torch.no_grad():
            args.run(args)
    except Problem as error:
        print(f"error: {error}", file=sys.stderr)
    except ModuleNotFoundError as error:
        print(f"error: {error.name} is not installed\nhint: pip install -r requirements.txt", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}\nhint: another --out", file=sys.stderr)
    except RuntimeError as error:
        if "out of memory" not in str(error):
            raise
        print(f"error: {args.device}: out of memory\nhint: --device cpu", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
