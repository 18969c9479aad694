"""Where a model runs: `choose` one, look `here`, what torch calls it, what is under it at `runtime`."""
