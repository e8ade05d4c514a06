"""One setting chooses between the two engines."""

from __future__ import annotations

import torch

from lstm_blues.config import Settings
from lstm_blues.fused import FusedLearner
from lstm_blues.online import Learner, OnlineLearner


def build_learner(settings: Settings) -> Learner:
    """The learner of `settings`, at its first step.

    Raises `BluesError` where run.engine=fast cannot run on this machine.
    """
    network = settings.build_network()
    song = settings.form.chord_tensor()
    if settings.run.engine == "fast":
        return FusedLearner(network, song, settings.learning)
    if settings.run.device == "cpu":
        # Twenty rows by twenty-one: several threads would only wait for each other.
        torch.set_num_threads(1)
    return OnlineLearner(network, song, settings.learning)
