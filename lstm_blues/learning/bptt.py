"""The whole gradient, back-propagated through a stretch of steps (BPTT; Williams and Peng 1990).

Weights change once a stretch, by the gradient summed over its steps; states go on from one stretch
to the next, without their past.  A reset ends a stretch, so that stretches as long as an episode
know no truncation at all.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from lstm_blues.learning.online import OnlineLearner
from lstm_blues.network.blocks import BlockState


class BpttLearner(OnlineLearner):
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
        length = self.learning.stretch(stream.steps, bool(count.melody))
        if self.learning.episode_choruses:
            played = count.choruses_in_episode * stream.steps + count.position
            length = min(length, self.learning.episode_choruses * stream.steps - played)
        notes = torch.stack([self.sounding(step) for step in range(length + 1)])
        net, last = self.network.sequence(notes[:-1], self.blocks, self.playing_groups)
        target = notes[1:]
        # Once for all steps: what they cost, and which have a gross error.
        costs = F.binary_cross_entropy_with_logits(net.detach(), target, reduction="none")
        form, total = costs[:, self.form].sum(1), costs.sum(1)
        heard = total if self.melody_learns else form
        finite = torch.isfinite(heard).tolist()
        off = (target - torch.sigmoid(net.detach()))[:, self.form].abs()
        gross = (off > self.learning.gross_error).any(1).tolist()
        losses, melody_losses = form.tolist(), (heard - form).tolist()
        for step in range(length):
            if not finite[step]:
                count.nonfinite = 1
                return step
            self._loss += losses[step]
            self._melody_loss += melody_losses[step]
            clear, test = self.count_step(gross[step])
            if clear or step + 1 == length:
                self.change(net[: step + 1], target[: step + 1])
                self.blocks = BlockState(last.s.detach(), last.y.detach(), None)
                if clear:
                    self.reset()
            if test:
                self.test()
            if clear:
                return step + 1
            if count.learned and not count.melody:
                if step + 1 < length:
                    self.blocks = self.after(notes[: step + 1])
                return step + 1
        return length

    @torch.no_grad()
    def after(self, notes: Tensor) -> BlockState:
        """The state after the first steps of a stretch that is left there."""
        return self.network.sequence(notes, self.blocks, self.playing_groups)[1]

    def change(self, net: Tensor, target: Tensor) -> None:
        """The weight change of one stretch."""
        loss, melody_loss = self.losses(net, target)
        learned_from = (loss if self.chords_learn else 0) + (
            melody_loss if self.melody_learns else 0
        )
        assert isinstance(learned_from, Tensor)
        self.optimizer.zero_grad()
        learned_from.backward()  # type: ignore[no-untyped-call]
        self.apply_gradient()
