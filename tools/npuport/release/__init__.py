"""A bundle that others download and run: ported source, scripts, cards filled from results, and the proof.

Read along the data's way: `model` (release.toml: what is released), `evidence` (the results, and whether
they carry a release), `source` (the ported tree's part), `contents` (the other files), of which `card` and
`sbom` write those for people and for machines; `provenance` (what it was made from), `sums`, `bundle`
(all of it, published).

The other way round: `check` reads a bundle that somebody else made.
"""
