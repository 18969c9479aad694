"""npuport: port a PyTorch model to Ascend as a patch series, and prove the port against the CPU."""

__version__ = "0.1.0"
