"""Arrays and facts that the TypeScript side wrote into a folder: see arrays.ts."""

import json
from pathlib import Path

import numpy as np


def read_arrays(folder):
    """-> (facts, {name: array}), arrays in the shapes and types in which they were written."""
    manifest = json.loads((Path(folder) / "manifest.json").read_text())
    arrays = {
        name: np.fromfile(Path(folder) / f"{name}.bin", dtype=entry["dtype"]).reshape(entry["shape"])
        for name, entry in manifest["arrays"].items()
    }
    return manifest["facts"], arrays


def split_parameters(flat, specs):
    """The flat parameter vector as {name: array}, in the order of `specs`, [{name, shape}]."""
    parts, at = {}, 0
    for spec in specs:
        size = int(np.prod(spec["shape"]))
        parts[spec["name"]] = flat[at : at + size].reshape(spec["shape"])
        at += size
    assert at == flat.size, "parameters and their shapes do not fit"
    return parts
