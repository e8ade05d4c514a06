"""The learning rule of the report, step by step and readable (sections 3.1 and 3.2).

`OnlineLearner` is the reference implementation of how a network learns here: a gradient and an
optimizer, and when the state is cleared and the network tested.
`lstm_blues.engine.learner.CompiledLearner` is the same, compiled.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from lstm_blues.errors import BluesError
from lstm_blues.learning.counting import CountingRule, begin_melody, count_step
from lstm_blues.learning.frozen import test_uniform
from lstm_blues.learning.own_notes import OwnNotes, segments_at
from lstm_blues.learning.rule import Learns, StepResult
from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import Counters, LearnerState
from lstm_blues.music.stream import Stream
from lstm_blues.network.blocks import BlockState
from lstm_blues.network.network import Network, cross_entropy
from lstm_blues.network.topology import CHORDS
from lstm_blues.playing.player import FreeRun, free_run


class OnlineLearner:
    """Online learning in PyTorch: one step, one weight change (section 3.1).

    Where the gradient is unrolled, one stretch of steps.

    Args:
        network: learns in place, on any device and in any dtype; one without memory blocks needs an
            unrolled gradient.
        stream: the songs; the target of a step is what sounds at the next.
        learning: the settings.
    """

    def __init__(self, network: Network, stream: Stream, learning: Learning) -> None:
        self.network, self.topology, self.learning = network, network.topology, learning
        self.stream = replace(stream, table=stream.table.to(network.like))
        self.chords = self.topology.unit_slice(CHORDS)
        places = torch.arange(self.topology.units, device=network.like.device)
        melody = torch.cat((places[: self.chords.start], places[self.chords.stop :]))
        self.unit_sets: list[slice | Tensor] = [self.chords, *([melody] if len(melody) else [])]
        self._has_others = bool(network.split_parameters()[1])
        self.gradient = learning.rule.gradient(network, learning)
        self.optimizer = learning.rule.optimizer(network, learning)
        self._rule = CountingRule.of(learning)
        # Songs that change with the episode are not followed.
        share = 0.0 if stream.by_episode else learning.melody.own_notes
        has_melody = len(self.topology.unit_sets) > 1
        self._own = OwnNotes(network, self.stream, share) if share and has_melody else None
        self._counters = Counters()
        self._worst = 0
        self._loss = self._melody_loss = 0.0
        self.blocks = self.gradient.start()

    @property
    def counters(self) -> Counters:
        return self._counters.copy()

    @property
    def loss(self) -> float:
        return self._loss

    @property
    def melody_loss(self) -> float:
        return self._melody_loss

    @property
    def melody_rate(self) -> float:
        return self.optimizer.melody_rate

    @melody_rate.setter
    def melody_rate(self, rate: float) -> None:
        self.optimizer.melody_rate = rate

    @property
    def learns(self) -> Learns:
        """Which weights change now."""
        began, settings = bool(self._counters.melody), self.learning.melody
        return Learns(not began or settings.chords_go_on, began or settings.together)

    def learn(self, steps: int) -> int:
        done = 0
        while done < steps and self._counters.running:
            done += self.learn_stretch()
        return done

    def learn_stretch(self) -> int:
        """Learns from one stretch, or from what a reset or a passed test leaves of it: predicts,
        counts, changes the weights, and resets where the rule says so.

        Returns its steps; after numbers that were not finite, those before them.
        """
        length, learns = self._stretch(), self.learns
        notes = self.sounding(length + 1)
        target = notes[1:]
        owns = self._own if self._counters.melody else None
        if owns is not None:
            notes[0] = owns.hear(notes[0], self._counters)
        logits, after = self.gradient.predict(notes[:-1], self.blocks, learns)
        chords, melody, gross = self._look(logits.detach(), target)
        for step in range(length):
            heard = melody[step] if learns.melody else 0.0
            if not math.isfinite(chords[step] + heard):
                self._counters.nonfinite = 1
                return step
            self._loss += chords[step]
            self._melody_loss += heard
            count, made = self.counters, slice(step + 1)
            clear, test = count_step(count, self._rule, self.stream.steps, gross[step])
            if owns is not None and not clear:
                owns.play(logits[step].detach(), notes[step], self._counters, count)
            if clear or step + 1 == length:
                if not self._change(logits[made], target[made], count):
                    self._counters.nonfinite = 1
                    return step
                # Weights stay as they are ("burned"), and so does the velocity (section 3.1).
                self.blocks = self.gradient.start() if clear else _detached(after)
            self._counters = count
            if test and learns.chords:
                self._test()
            if not self._counters.running and step + 1 < length and not clear:
                # The stretch is left here, without a change.
                with torch.no_grad():
                    self.blocks = self.gradient.predict(notes[made], self.blocks, learns)[1]
            if clear or not self._counters.running:
                return step + 1
        return length

    def _look(self, logits: Tensor, target: Tensor) -> tuple[list[float], list[float], list[bool]]:
        """Of T steps, shape (T, K): the cross-entropy of the chord units and of the others, and
        whether a chord unit is off by more than `Learning.gross_error`."""
        chords, *others = (
            F.binary_cross_entropy_with_logits(logits[:, own], target[:, own], reduction="none")
            .sum(1)
            .tolist()
            for own in self.unit_sets
        )
        off = (target - torch.sigmoid(logits))[:, self.chords].abs()
        gross = (off > self.learning.gross_error).any(1).tolist()
        return chords, others[0] if others else [0.0] * len(chords), gross

    def _change(self, logits: Tensor, target: Tensor, count: Counters) -> bool:
        """The weight change of a stretch, noted in `count`; whether it could be made."""
        learns, loss = self.learns, logits.new_zeros(())
        for units, learn in zip(self.unit_sets, learns, strict=False):
            if learn:
                loss = loss + cross_entropy(logits[:, units], target[:, units])
        result = StepResult(loss, logits, target, learns, self._counters.steps)
        if not self.optimizer.change(self.gradient, result):
            return False
        if self.optimizer.counts:
            count.adam_chords += learns.chords
            count.adam_melody += learns.melody and self._has_others
        return True

    def _stretch(self) -> int:
        """Steps of the stretch that begins now; it ends with the episode."""
        count, steps = self._counters, self.stream.steps
        length = self.learning.stretch(steps, bool(count.melody))
        if self.learning.episode_choruses:
            played = count.choruses_in_episode * steps + count.position
            length = min(length, self.learning.episode_choruses * steps - played)
        return length

    def sounding(self, steps: int) -> Tensor:
        """What sounds from now on, shape (steps, units)."""
        count, stream = self._counters, self.stream
        places = torch.arange(count.position, count.position + steps)
        at = places % stream.steps
        if stream.by_episode:
            return stream.notes(count.gross_resets + count.episodes, at)
        songs = count.songs + places // stream.steps
        return stream.table[segments_at(stream, count, songs, at), at]

    def begin_melody(self) -> None:
        begin_melody(self._counters)
        self.blocks = self.gradient.start()

    def _test(self) -> None:
        """The frozen network plays; learned when it plays all choruses (section 3.2).

        Of several songs the fewest right steps count: none is played for longer than that, and the
        one that was the worst in the last test comes first.
        """
        count = self._counters
        steps = self.learning.test_choruses * self.stream.steps
        count.tests += 1
        uniform = test_uniform(self.topology, steps)
        count.free_run = steps
        songs, first = self.stream.tested, self._worst
        for song in (*range(first, songs), *range(first)):
            try:
                right = self.free_run(
                    count.free_run, song=song, uniform=uniform, stop_at_wrong=True
                ).right
            except BluesError:  # no note can be drawn
                right = 0
            if right < count.free_run:
                count.free_run, self._worst = right, song
        count.best_free_run = max(count.best_free_run, count.free_run)
        count.learned = int(count.free_run >= steps)

    def free_run(
        self,
        steps: int,
        *,
        song: int = 0,
        uniform: Tensor | None = None,
        stop_at_wrong: bool = False,
    ) -> FreeRun:
        return free_run(
            self.network,
            self.stream.table[song],
            steps,
            uniform=uniform,
            stop_at_wrong=stop_at_wrong,
            given=self.stream.given,
        )

    def state(self) -> LearnerState:
        s, y, traces = self.blocks
        return LearnerState(
            weights={name: _copy(weights) for name, weights in self.network.named_parameters()},
            velocity=self.optimizer.velocity(),
            s=_copy(s[0]),
            y=_copy(y[0]),
            traces=torch.zeros(0) if traces is None else _copy(traces[:, 0]),
            counters=self.counters,
            loss=self.loss,
            melody_loss=self.melody_loss,
            melody_rate=self.melody_rate,
            memory=self.optimizer.state() | self.gradient.state(),
        )

    @torch.no_grad()
    def load(self, state: LearnerState) -> None:
        for name, weights in self.network.named_parameters():
            weights.copy_(state.weights[name])
        self.optimizer.load(state)
        self.gradient.load(state)
        like = self.network.like
        traces = state.traces[:, None].to(like) if state.traces.numel() else None
        self.blocks = BlockState(state.s[None].to(like), state.y[None].to(like), traces)
        self._counters = state.counters.copy()
        self._loss, self._melody_loss = state.loss, state.melody_loss
        self.melody_rate = state.melody_rate


def _detached(state: BlockState) -> BlockState:
    return BlockState(state.s.detach(), state.y.detach(), state.traces)


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().clone()
