"""The decoupled extended Kalman filter (Puskorius and Feldkamp 1994; for LSTM Pérez-Ortiz, Gers,
Eck and Schmidhuber 2003).

Weights are a state that never changes, outputs a measurement of it: a step's change is the
filter's, with the outputs' derivatives from the truncated gradient of section 2.1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lstm_blues.learning.online import OnlineLearner, StepResult
from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import LearnerState, first_memory
from lstm_blues.music.stream import Stream
from lstm_blues.network.blocks import BlockState
from lstm_blues.network.network import BluesNetwork

LEAST_VARIANCE = 1e-10
"""An output's o (1 - o) is taken for at least so much where it divides."""


class KalmanLearner(OnlineLearner):
    """`Learning.update` `kalman`.

    `covariance`: of the weights that lead to one gate, cell or output unit, by the parameter's
    name, shape (rows, M, M).
    """

    network: BluesNetwork

    def __init__(self, network: BluesNetwork, stream: Stream, learning: Learning) -> None:
        super().__init__(network, stream, learning)
        self.covariance = {
            key.removeprefix("covariance/"): value.to(network.like)
            for key, value in first_memory(network, learning).items()
        }

    @torch.no_grad()
    def change_weights(self, heard: StepResult) -> bool:
        """See `OnlineLearner.change_weights`; not finite, too, where the filter broke down.

        Measurements are the outputs, scaled to the noise.  With H their derivatives by the weights
        of one row and P its covariance, A the inverse of the sum of all rows' H P H' and the noise:
        weights += P H' A error, P -= P H' A H P, P += process.
        """
        noise, process = self.learning.kalman.at(self._counters.steps)
        output = torch.sigmoid(heard.net[0])
        slope = output * (1 - output)
        error = (heard.target - output.detach())[0]
        if self.learning.kalman.error == "cross_entropy":
            # Divided by its standard deviation, a coin's noise is 1 whatever its probability.
            slope = slope.clamp(min=LEAST_VARIANCE).sqrt()
            error = error / slope
        measured = torch.zeros_like(error, dtype=torch.bool)
        measured[self.form] = self.chords_learn
        outside = torch.ones_like(measured)
        outside[self.form] = False
        measured[outside] = self.melody_learns
        scale, error = slope * measured, error * measured
        derivatives = self.derivatives(heard.net, scale)
        into = {name: self.covariance[name] @ h for name, h in derivatives.items()}
        inner = noise * torch.eye(len(error)).to(error)
        for name, h in derivatives.items():
            inner += torch.einsum("rmk,rml->kl", h, into[name])
        factor, failed = torch.linalg.cholesky_ex(inner)
        if failed or not torch.isfinite(inner).all():
            return False
        inverse = torch.cholesky_inverse(factor)
        weights = dict(self.network.named_parameters())
        for name, gained in into.items():
            weights[name].add_(gained @ (inverse @ error))
            covariance = self.covariance[name]
            covariance -= gained @ inverse @ gained.transpose(1, 2)
            covariance += process * torch.diag(self.network.topology.part_of[name].mask).to(
                covariance
            )
        self.blocks = BlockState(self.blocks.s, self.blocks.y.detach(), self.blocks.traces)
        return True

    def derivatives(self, net: Tensor, scale: Tensor) -> dict[str, Tensor]:
        """How the outputs, times `scale` over their slope, change with each weight that learns:
        shape (rows, M, K) by the parameter's name."""
        learn = [id(weights) for weights in self._chord_parameters if self.chords_learn]
        learn += [id(weights) for weights in self._melody_parameters if self.melody_learns]
        named = [item for item in self.network.named_parameters() if id(item[1]) in learn]
        columns = [
            torch.autograd.grad(
                net,
                [weights for _, weights in named],
                grad_outputs=one[None],
                retain_graph=True,
                allow_unused=True,
                materialize_grads=True,
            )
            for one in torch.eye(net.shape[1]).to(net)
        ]
        return {
            name: torch.stack([column[n] for column in columns], -1) * scale
            for n, (name, _) in enumerate(named)
        }

    def memory(self) -> dict[str, Tensor]:
        """See `OnlineLearner.memory`."""
        return {f"covariance/{n}": v.cpu().clone() for n, v in self.covariance.items()}

    def load(self, state: LearnerState) -> None:
        """See `Learner.load`."""
        super().load(state)
        like = self.network.like
        self.covariance = {
            name: state.memory[f"covariance/{name}"].to(like, copy=True) for name in self.covariance
        }
