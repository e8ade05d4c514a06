"""Checkpoints: everything a run needs to go on bit for bit, in a file that runs no code."""

from __future__ import annotations

import io
import json
import os
import shutil
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import torch

from lstm_blues.errors import BluesError
from lstm_blues.files import temporary_name, write_bytes
from lstm_blues.runs.contents import Checkpoint, read_contents
from lstm_blues.runs.seal import is_sealed, is_whole, seal

FORMAT = "lstm_blues checkpoint 2"
_UNSEALED_FORMAT = "lstm_blues checkpoint 1"
"""Of checkpoints from before there was a checksum over the whole file."""

NAME = "checkpoint.pt"
PREVIOUS = "checkpoint.previous.pt"
"""The checkpoint before that."""

NONFINITE = "nonfinite.pt"


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes `checkpoint`; a kill at any moment leaves the old file or the new one.

    The old one is kept beside it where it is whole: `checkpoint.pt` as `checkpoint.previous.pt`.
    """
    content = {
        "format": FORMAT,
        "config": json.dumps(checkpoint.config),
        "learner": checkpoint.learner.as_dict(),
        "seconds": checkpoint.seconds,
        "random": checkpoint.random,
        "plateau": asdict(checkpoint.schedule),
    }
    archive = io.BytesIO()
    torch.save(content, archive)
    if path.name == NAME and path.is_file() and is_whole(path.read_bytes()):
        _keep(path, path.with_name(PREVIOUS))
    write_bytes(path, seal(archive.getvalue()))


def _keep(path: Path, previous: Path) -> None:
    """Makes `previous` the same file as `path`, which is then replaced by another."""
    temporary = temporary_name(previous)
    try:
        with suppress(FileNotFoundError):
            temporary.unlink()
        try:
            os.link(path, temporary)
        except OSError:  # a disk without links
            shutil.copyfile(path, temporary)
        temporary.replace(previous)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def load_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint, from the file or from the run folder that holds it.

    Nothing in the file is executed.  Raises `BluesError` where there is none, or where it is cut
    short, damaged in a single bit, not one of this package's, or holds what no checkpoint can hold;
    where the checkpoint before it is whole, the error names that.
    """
    path = Path(path)
    if path.is_dir():
        path = path / NAME
    try:
        return _load(path)
    except BluesError as error:
        previous = path.with_name(PREVIOUS)
        if path.name != NAME or not previous.is_file():
            raise
        try:
            _load(previous)
        except BluesError:
            raise error from None
        told = str(error).rstrip(".")
        raise BluesError(f"{told}; resume from the one before it, {str(previous)!r}.") from None


def _load(path: Path) -> Checkpoint:
    if not path.is_file():
        raise BluesError(f"there is no checkpoint at {str(path)!r}.")
    try:
        archive = path.read_bytes()
    except (OSError, MemoryError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is larger than the memory"
        raise BluesError(f"{str(path)!r} cannot be read: {why}.") from None
    content = unpacked(archive)
    told = content.get("format") if isinstance(content, Mapping) else None
    if content is None or (told == FORMAT and not is_sealed(archive)):
        raise BluesError(
            f"{str(path)!r} is truncated, damaged or not a checkpoint, and was not loaded."
        )
    if not isinstance(content, Mapping) or told not in (FORMAT, _UNSEALED_FORMAT):
        raise BluesError(f"{str(path)!r} is not a checkpoint of this package, and was not loaded.")
    try:
        return read_contents(content)
    except BluesError as error:
        raise BluesError(f"{str(path)!r} {error}, and was not loaded.") from None


def unpacked(archive: bytes) -> object:
    """What stands in a whole archive of `torch.save`; None for anything else."""
    if not is_whole(archive):
        return None
    try:
        with warnings.catch_warnings(action="ignore"):
            return torch.load(io.BytesIO(archive), map_location="cpu", weights_only=True)
    except Exception:  # torch raises whatever it stumbles over
        return None
