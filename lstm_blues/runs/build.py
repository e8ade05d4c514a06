"""One setting chooses between the two engines."""

from __future__ import annotations

from typing import Any

import torch

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.learning.bptt import BpttLearner
from lstm_blues.learning.kalman import KalmanLearner
from lstm_blues.learning.online import OnlineLearner
from lstm_blues.learning.rtrl import RtrlLearner
from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import Learner
from lstm_blues.music.stream import Stream
from lstm_blues.network.network import Network
from lstm_blues.runs.settings import Settings

LEARNERS: dict[str, type[OnlineLearner]] = {
    "kalman": KalmanLearner,
    "rtrl": RtrlLearner,
    "bptt": BpttLearner,
}
"""Learners of the readable engine by `Learning.update` or `Learning.gradient`, beside the report's.
"""


SONGS_IN_ORDER = 2**18
"""How many songs are drawn before their order begins anew."""


def build_stream(settings: Settings) -> Stream:
    """The songs that the network of `settings` hears, drawn by its seed."""
    songs, corpus = settings.songs(), settings.corpus
    if corpus is not None:
        return Stream.of_corpus(corpus.table, SONGS_IN_ORDER, settings.seed, corpus.primer)
    if songs is None:
        return Stream.of_one(settings.form.chord_tensor())
    return Stream.at_random(songs, SONGS_IN_ORDER, settings.seed)


def build_learner(settings: Settings) -> Learner:
    """The learner of `settings`, at its first step.

    Raises `BluesError` where run.engine=fast cannot run on this machine.
    """
    stream = build_stream(settings)
    if settings.run.engine == "fast":
        return CompiledLearner(settings.build_blocks(), stream, settings.learning)
    if settings.run.device == "cpu":
        # Twenty rows by twenty-one: several threads would only wait for each other.
        torch.set_num_threads(1)
    return readable_learner(settings.build_network(), stream, settings.learning)


def readable_learner(network: Network, stream: Stream, learning: Learning) -> OnlineLearner:
    """The learner of run.engine=torch; networks without blocks need an unrolled gradient."""
    kind: type[Any] = LEARNERS.get(learning.update, LEARNERS.get(learning.gradient, OnlineLearner))
    learner: OnlineLearner = kind(network, stream, learning)
    return learner
