"""A bundle that others download and run: ported source, scripts, cards made from results, and the proof.

In the order of the data: `model` (release.toml), `evidence` (the results, and whether they carry a release),
`inputs` (all that a bundle is made of), `source` (the ported tree's part), `contents` (the other files),
`facts`, `figures` and `card` (the pages), `sbom`, `statement` (what it was made from), `sums`, `bundle` (all
of it, published). `scripts` holds the programs that a bundle brings along, `templates` its pages.

`check` compares a bundle with its sources. `trial` runs the port's showcase.
"""
