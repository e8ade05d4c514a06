"""The learning rule of the report, step by step and readable (sections 3.1 and 3.2).

`OnlineLearner` is the truth about how a network learns here.  `lstm_blues.fused.CompiledLearner` is
the same rule, compiled; both share the settings, the counters and the state of this file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from lstm_blues.errors import BluesError
from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import Counters, LearnerState, test_uniform
from lstm_blues.music.stream import Stream
from lstm_blues.network.blocks import BlockState
from lstm_blues.network.network import Network, cross_entropy
from lstm_blues.network.topology import CHORDS
from lstm_blues.playing.player import FreeRun, free_run
from lstm_blues.playing.sampler import THRESHOLD


class StepResult(NamedTuple):
    """One step as a weight change needs it: the summed cross-entropy of the units that learn, with
    its gradient, the nets of all output units and their targets, each of shape (1, units)."""

    loss: Tensor
    net: Tensor
    target: Tensor


class OnlineLearner:
    """Online learning in PyTorch: one step, one weight change (section 3.1).

    Args:
        network: learns in place, on any device and in any dtype.
        stream: the songs; the target of a step is what sounds at the next.
        learning: the settings.
    """

    def __init__(self, network: Network, stream: Stream, learning: Learning) -> None:
        self.network = network
        self.stream = replace(stream, table=stream.table.to(network.like))
        self.learning = learning
        self.topology = network.topology
        self.form = self.topology.unit_slice(CHORDS)
        self._rates = {"form": learning.rate, "melody": learning.melody.rates[0]}
        form, melody = network.split_parameters()
        groups = [
            {"params": part, "lr": self._rates[name]}
            for name, part in (("form", form), ("melody", melody))
            if part
        ]
        self.optimizer: torch.optim.Optimizer
        if learning.update == "adam":
            betas = (learning.momentum, learning.adam_decay)
            self.optimizer = torch.optim.Adam(groups, lr=learning.rate, betas=betas)
        else:
            self.optimizer = torch.optim.SGD(
                groups,
                lr=learning.rate,
                momentum=learning.momentum,
                nesterov=learning.update == "nesterov" and learning.momentum > 0,
            )
        self._melody_parameters = melody
        self._chord_parameters = form
        self._counters = Counters()
        self._worst = 0
        self._loss = self._melody_loss = 0.0
        self.blocks = self.start()

    def start(self) -> BlockState:
        """Zeros, what blocks carry at a song's first step; with traces where they learn by them."""
        return self.network.start(traces=self.learning.gradient == "truncated")

    @property
    def counters(self) -> Counters:
        """See `Learner.counters`."""
        return replace(self._counters)

    @property
    def loss(self) -> float:
        """See `Learner.loss`."""
        return self._loss

    @property
    def melody_loss(self) -> float:
        """See `Learner.melody_loss`."""
        return self._melody_loss

    @property
    def melody_rate(self) -> float:
        """See `Learner.melody_rate`."""
        return self._rates["melody"]

    @melody_rate.setter
    def melody_rate(self, rate: float) -> None:
        self._rates["melody"] = rate
        if self._melody_parameters:
            self.optimizer.param_groups[-1]["lr"] = rate

    @property
    def chords_learn(self) -> bool:
        """Whether the weights that reach the chord units change."""
        return not self._counters.melody or self.learning.melody.chords == "learn"

    @property
    def melody_learns(self) -> bool:
        """Whether the other weights change."""
        return bool(self._counters.melody) or self.learning.melody.start == "together"

    def learn(self, steps: int) -> int:
        """See `Learner.learn`."""
        for done in range(steps):
            if not self._counters.running or not self.step():
                return done
        return steps

    def step(self) -> bool:
        """One step: predict, change the weights, count, and reset where the rule says so.

        Returns whether it could be made: not when a number was no longer finite.
        """
        count = self._counters
        x, target = self.sounding(0)[None], self.sounding(1)[None]
        before = self.blocks
        net, blocks = self.predict(x)
        loss, melody_loss = self.losses(net, target)
        learned_from = (loss if self.chords_learn else 0) + (
            melody_loss if self.melody_learns else 0
        )
        finite = torch.isfinite(loss + (melody_loss if self.melody_learns else 0))
        if not finite:
            count.nonfinite = 1
            return False
        self._loss += loss.item()
        self._melody_loss += melody_loss.item() if self.melody_learns else 0.0
        self.blocks = blocks
        if not self.change_weights(StepResult(learned_from, net, target)):  # type: ignore[arg-type]
            self.blocks, count.nonfinite = before, 1
            return False
        self.count(self.is_gross(net, target))
        return True

    def sounding(self, ahead: int) -> Tensor:
        """What sounds so many steps from now, shape (units,)."""
        count, stream = self._counters, self.stream
        choruses, step = divmod(count.position + ahead, stream.steps)
        if stream.by_episode:
            return stream.notes(count.gross_resets + count.episodes, step)
        return stream.notes(count.songs + choruses, step)

    @property
    def playing_groups(self) -> frozenset[str] | None:
        """The groups that are computed at all; None for all."""
        return None if self.melody_learns else self.topology.chord_groups

    def predict(self, x: Tensor) -> tuple[Tensor, BlockState]:
        """The nets of the output units on the notes `x`, and the new state."""
        chord_groups = self.topology.chord_groups
        melody_groups = {group.name for group in self.topology.groups} - chord_groups
        return self.network.forward(
            x,
            self.blocks,
            learning=(chord_groups if self.chords_learn else set())
            | (melody_groups if self.melody_learns else set()),
            playing=self.playing_groups,
        )

    def losses(self, net: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy of the chord units and of the others, summed over rows."""
        others = torch.ones(self.topology.units, dtype=torch.bool, device=net.device)
        others[self.form] = False
        return (
            cross_entropy(net[:, self.form], target[:, self.form]),
            cross_entropy(net[:, others], target[:, others]),
        )

    def is_gross(self, net: Tensor, target: Tensor) -> bool:
        """Whether a chord unit is off by more than `Learning.gross_error`."""
        off = (target - torch.sigmoid(net.detach()))[:, self.form].abs()
        return bool((off > self.learning.gross_error).any())

    def change_weights(self, heard: StepResult) -> bool:
        """The weight change of one step; whether its numbers were finite."""
        self.optimizer.zero_grad()
        heard.loss.backward()  # type: ignore[no-untyped-call]
        self.apply_gradient()
        self.blocks = BlockState(self.blocks.s, self.blocks.y.detach(), self.blocks.traces)
        return True

    def apply_gradient(self) -> None:
        """Changes the weights by their gradients."""
        for part, learns in (
            (self._chord_parameters, self.chords_learn),
            (self._melody_parameters, self.melody_learns),
        ):
            if not learns:
                # Without a gradient, momentum doesn't move them either, and Adam doesn't count.
                for weights in part:
                    weights.grad = None
        self.optimizer.step()
        if self.learning.update == "adam":
            self._counters.adam_chords += self.chords_learn
            self._counters.adam_melody += self.melody_learns and bool(self._melody_parameters)

    def count(self, gross: bool) -> None:
        """Counts one step, with a gross error or without, resets and tests where it is due."""
        clear, test = self.count_step(gross)
        if clear:
            self.reset()
        if test:
            self.test()

    def count_step(self, gross: bool) -> tuple[bool, bool]:
        """Counts one step; whether a reset is due, and a test."""
        count, learning = self._counters, self.learning
        following = (count.position + 1) % self.stream.steps
        count.steps += 1
        count.melody_steps += count.melody
        count.position = following
        count.right += not gross
        count.gross += gross
        count.gross_in_count += gross
        count.gross_in_chorus += gross
        count.clean_run = 0 if gross else count.clean_run + 1
        count.longest_clean_run = max(count.longest_clean_run, count.clean_run)

        test = count.steps % learning.test_interval == 0
        clear = bool(gross and 0 < learning.gross_errors <= count.gross_in_count)
        if clear:
            count.gross_resets += 1
            count.songs += 1
        elif following == 0:
            test = test or (count.gross_in_chorus == 0 and not count.melody)
            count.songs += 1
            count.choruses_in_episode += 1
            count.gross_in_chorus = 0
            if learning.gross_count == "in_chorus":
                count.gross_in_count = 0
            if 0 < learning.episode_choruses <= count.choruses_in_episode:
                count.episodes += 1
                clear = True
        return clear, test and self.chords_learn

    def reset(self) -> None:
        """Back to a song's first step with states, activations and traces at zero.

        Weights stay as they are ("burned"), and so does the velocity (section 3.1).
        """
        self.blocks = self.start()
        count = self._counters
        count.position = count.choruses_in_episode = 0
        count.gross_in_count = count.gross_in_chorus = 0

    def begin_melody(self) -> None:
        """See `Learner.begin_melody`."""
        self._counters.melody = 1
        self._counters.songs += 1
        self.reset()

    def test(self) -> None:
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
        """See `Learner.free_run`."""
        return free_run(
            self.network,
            self.stream.table[song],
            steps,
            uniform=uniform,
            stop_at_wrong=stop_at_wrong,
            given=self.stream.given,
        )

    def state(self) -> LearnerState:
        """See `Learner.state`."""
        parameters = dict(self.network.named_parameters())
        first = "exp_avg" if self.learning.update == "adam" else "momentum_buffer"
        return LearnerState(
            weights={name: _copy(weights) for name, weights in parameters.items()},
            velocity=self._of_optimizer(first),
            s=_copy(self.blocks.s[0]),
            y=_copy(self.blocks.y[0]),
            traces=torch.zeros(0)
            if self.blocks.traces is None
            else _copy(self.blocks.traces[:, 0]),
            counters=self.counters,
            loss=self.loss,
            melody_loss=self.melody_loss,
            melody_rate=self.melody_rate,
            memory=self.memory(),
        )

    def _of_optimizer(self, what: str) -> dict[str, Tensor]:
        """What the optimizer keeps of every weight; zeros where it has none yet."""
        return {
            name: _copy(self.optimizer.state[weights].get(what, torch.zeros_like(weights)))
            for name, weights in self.network.named_parameters()
        }

    def memory(self) -> dict[str, Tensor]:
        """A copy of what this learner carries beyond the report's; see `memory_shapes`."""
        if self.learning.update != "adam":
            return {}
        return {f"second/{n}": v for n, v in self._of_optimizer("exp_avg_sq").items()}

    @torch.no_grad()
    def load(self, state: LearnerState) -> None:
        """See `Learner.load`."""
        form = {id(weights) for weights in self._chord_parameters}
        for name, weights in self.network.named_parameters():
            weights.copy_(state.weights[name])
            # Buffers of zeros and none at all give the same next change.
            kept = self.optimizer.state[weights]
            velocity = state.velocity[name].to(weights, copy=True)
            if self.learning.update == "adam":
                count = state.counters
                made = count.adam_chords if id(weights) in form else count.adam_melody
                kept["step"] = torch.tensor(float(made))
                kept["exp_avg"] = velocity
                kept["exp_avg_sq"] = state.memory[f"second/{name}"].to(weights, copy=True)
            else:
                kept["momentum_buffer"] = velocity
        like = self.network.like
        traces = state.traces[:, None].to(like) if state.traces.numel() else None
        self.blocks = BlockState(state.s[None].to(like), state.y[None].to(like), traces)
        self._counters = replace(state.counters)
        self._loss, self._melody_loss = state.loss, state.melody_loss
        self.melody_rate = state.melody_rate


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().clone()


assert THRESHOLD == 0.5, "the compiled engine tests the sign of the net"
