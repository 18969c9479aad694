"""Where a model runs: `choose` a device, load it `here`, ask an `accelerator`, read versions at `runtime`."""
