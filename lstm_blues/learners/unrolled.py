"""The whole gradient, back-propagated through a stretch of steps (BPTT; Williams and Peng 1990).

Weights change once a stretch, by the gradient summed over its steps; states go on from one stretch
to the next, without their past.  A reset ends a stretch, so that stretches as long as an episode
know no truncation at all.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lstm_blues.cell import BlockState
from lstm_blues.online import OnlineLearner

_States = Callable[[int], BlockState]


class UnrolledLearner(OnlineLearner):
    """`Learning.gradient` `unrolled`, by torch's own back-propagation."""

    def learn(self, steps: int) -> int:
        """See `Learner.learn`."""
        done = 0
        while done < steps and self._counters.running:
            done += self.learn_stretch()
        return done

    def learn_stretch(self) -> int:
        """Learns from one stretch, or from what a reset or a passed test leaves of it.

        Returns its steps; after numbers that were not finite, those before them.
        """
        count, stream = self._counters, self.stream
        length = self.learning.stretch(stream.steps)
        if self.learning.episode_choruses:
            played = count.choruses_in_episode * stream.steps + count.position
            length = min(length, self.learning.episode_choruses * stream.steps - played)
        begun = count.songs * stream.steps + count.position
        notes = torch.stack(
            [stream.notes(*divmod(begun + step, stream.steps)) for step in range(length + 1)]
        )
        net, states = self.unroll(notes[:-1])
        target = notes[1:]
        for step in range(length):
            now = slice(step, step + 1)
            loss, melody_loss = self.losses(net[now].detach(), target[now])
            heard = loss + (melody_loss if self.melody_learns else 0)
            if not torch.isfinite(heard):
                count.nonfinite = 1
                return step
            self._loss += loss.item()
            self._melody_loss += melody_loss.item() if self.melody_learns else 0.0
            clear, test = self.count_step(self.is_gross(net[now], target[now]))
            if clear or step + 1 == length:
                self.change(net[: step + 1], target[: step + 1])
                self.blocks = states(step)
                if clear:
                    self.reset()
            if test:
                self.test()
            if clear or count.learned and not count.melody:
                return step + 1
        return length

    def unroll(self, x: Tensor) -> tuple[Tensor, _States]:
        """The nets on the notes `x`, shape (T, I), with their past, and the states after a step."""
        kept: list[BlockState] = []
        state = self.blocks
        for step in range(len(x)):
            state = self.network.whole(x[step : step + 1], state, self.playing_groups)
            kept.append(state)
        net = self.network.outputs(x, torch.cat([state.y for state in kept]))
        return net, lambda step: BlockState(kept[step].s.detach(), kept[step].y.detach(), None)

    def change(self, net: Tensor, target: Tensor) -> None:
        """The weight change of one stretch."""
        loss, melody_loss = self.losses(net, target)
        learned_from = (loss if self.form_learns else 0) + (
            melody_loss if self.melody_learns else 0
        )
        assert isinstance(learned_from, Tensor)
        self.optimizer.zero_grad()
        learned_from.backward()  # type: ignore[no-untyped-call]
        self.apply_gradient()
