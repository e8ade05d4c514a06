"""What the page is told: its networks, the songbook, and what it can learn.

All of it comes from `conf/` and from checkpoints; nothing is typed again in JavaScript.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from lstm_blues.browser.kernels import PageKernel, kernel_of
from lstm_blues.browser.music import encoding_data, form_data, library_data, music_data
from lstm_blues.browser.recipes import learning_data
from lstm_blues.engine.layout import Layout
from lstm_blues.errors import BluesError
from lstm_blues.runs.build import Parts
from lstm_blues.runs.trained import Trained, load_trained


@dataclass
class Contents:
    """What `data/` and `kernels/` hold.

    data: by name, to be written as JSON.  weights: files of the networks' weights, float64,
    little-endian.  sources: the kernels' texts, by the names of their modules.
    """

    data: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, bytes] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, kernel: PageKernel) -> str:
        """A kernel's file below the page; one text is one file, under the first of its names."""
        for known, source in self.sources.items():
            if source == kernel.source:
                return f"kernels/{known}.wasm"
        self.sources[name] = kernel.source
        return f"kernels/{name}.wasm"


TITLES = {"report": "The report's network", "bebop": "Bebop lines, beyond the report"}
"""What the menu shows of each bundled network."""


def contents_of(given: Trained | None) -> Contents:
    """What the page is told.

    given: a network beside the bundled ones, the first of the menu; None for those alone.  Raises
    `BluesError` for one that the page cannot play.
    """
    contents = Contents()
    networks = []
    if given is not None:
        networks.append(_network_data("given", f"Yours: {given.form.name}", given, contents))
    for name, title in TITLES.items():
        networks.append(_network_data(name, title, load_trained(name), contents))
    contents.data = {
        "networks": networks,
        "music": music_data(),
        "learning": learning_data(contents.add),
    }
    return contents


def _network_data(name: str, title: str, trained: Trained, contents: Contents) -> dict[str, Any]:
    """A network to play; its weights and its kernel go into `contents`."""
    if trained.network.like.dtype != torch.float64:
        raise BluesError(
            f"checkpoint is {str(trained.path)!r}, whose run.dtype is float32, but must be float64 "
            "for the page."
        )
    settings, songs = trained.settings, trained.songs
    kernel = kernel_of(Parts(settings))
    contents.weights[f"{name}.bin"] = _weights_of(trained, kernel)
    off, on = (trained.network.hear(torch.full_like(trained.network.mean, n)) for n in (0.0, 1.0))
    return {
        "name": name,
        "title": title,
        "origin": trained.origin,
        "kernel": contents.add(f"network_{name}", kernel),
        "layout": kernel.layout,
        "weights": f"data/{name}.bin",
        "levels": [off.tolist(), on.tolist()],
        "form": form_data(trained.form),
        "encoding": encoding_data(songs.encoding),
        "temperature": settings.sampling.temperature,
        "library": library_data(songs.library, trained.form),
    }


def _weights_of(trained: Trained, kernel: PageKernel) -> bytes:
    """The network's weights as they stand in the kernel's buffer."""
    settings = trained.settings
    layout = Layout(settings.network.topology, settings.learning, settings.song_steps)
    buffer = np.zeros(layout.size)
    weights = dict(trained.network.named_parameters())
    for key, where, view, inside in layout.windows(buffer):
        kind, _, name = key.partition("/")
        if kind == "weights":
            view[inside] = weights[name].detach().numpy()[where]
    return buffer[: kernel.layout["weights"]].astype("<f8").tobytes()
