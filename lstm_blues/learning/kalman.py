"""The decoupled extended Kalman filter (Puskorius and Feldkamp 1994; for LSTM Pérez-Ortiz, Gers,
Eck and Schmidhuber 2003).

Weights are a state that never changes, outputs a measurement of it: a step's change is the
filter's, with the outputs' derivatives from the truncated gradient of section 2.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lstm_blues.learning.rule import Gradient, Memory, Optimizer, Per, StepResult
from lstm_blues.network.network import Network
from lstm_blues.network.topology import CHORDS, Part

if TYPE_CHECKING:
    from lstm_blues.learning.settings import Learning

LEAST_VARIANCE = 1e-10
"""An output's o (1 - o) is taken for at least so much where it divides."""


class Kalman(Optimizer):
    """`Learning.update` `kalman`.

    `covariance`: of the weights that lead to one gate, cell or output unit, by the parameter's
    name, shape (rows, M, M).
    """

    name = "kalman"
    kernel = "kalman.c"
    memory = (Memory("covariance", Per.PAIR_IN_ROW),)
    gradients = ("truncated",)
    derivatives = True

    def __init__(self, network: Network, learning: Learning) -> None:
        super().__init__(network, learning)
        first = self.first_memory(network, learning)
        self.kept = {key: value.to(network.like) for key, value in first.items()}

    @classmethod
    def first(cls, zeros: Tensor, part: Part, learning: Learning) -> Tensor:
        return zeros + learning.kalman.covariance * torch.diag(part.mask)

    @torch.no_grad()
    def change(self, gradient: Gradient, result: StepResult) -> bool:
        """Changes the weights as the filter says; returns False, too, where it broke down.

        Measurements are the outputs, scaled to the noise.  With H their derivatives by the weights
        of one row and P its covariance, A the inverse of the sum of all rows' H P H' and the noise:
        weights += P H' A error, P -= P H' A H P, P += process.
        """
        settings, parts = self.learning.kalman, self.network.topology.part_of
        noise, process = settings.at(result.steps)
        output = torch.sigmoid(result.logits[0])
        slope, error = output * (1 - output), result.target[0] - output
        if settings.divides:
            # Divided by its standard deviation, a coin's noise is 1 whatever its probability.
            slope = slope.clamp(min=LEAST_VARIANCE).sqrt()
            error = error / slope
        measured = torch.full_like(error, result.learns.melody, dtype=torch.bool)
        measured[self.network.topology.unit_slice(CHORDS)] = result.learns.chords
        scale, error = slope * measured, error * measured
        derivatives = {
            name: torch.stack(h.unbind(), -1) * scale
            for name, h in gradient.derivatives().items()
            if result.learns.has(parts[name])
        }
        into = {name: self.kept[f"covariance/{name}"] @ h for name, h in derivatives.items()}
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
            covariance = self.kept[f"covariance/{name}"]
            covariance -= gained @ inverse @ gained.transpose(1, 2)
            covariance += process * torch.diag(parts[name].mask).to(covariance)
        return True
