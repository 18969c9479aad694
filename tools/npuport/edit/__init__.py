"""The port changed by its maintainer: `refresh`, `export`, `intent`, `revise`."""
