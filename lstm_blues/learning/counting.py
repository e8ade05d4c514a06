"""Counting steps and gross errors, and when the state is cleared and the network tested (sections
3.1 and 3.2).

Written with operators alone, so that it counts for one learner in Python's numbers, and for all
members of a population at once in tensors: int64 where there is an int, bool where there is a bool.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import Counters

NEVER = 2**62
"""More than is ever counted."""

Truth = Any
"""A bool, or a bool tensor with one value for each member."""


class CountingRule(NamedTuple):
    """What of the settings is needed to count; see `Learning`, but for 0, which is `NEVER` here.

    in_chorus: the count of gross errors starts anew with every chorus, too.
    """

    gross_errors: Any
    episode_choruses: Any
    test_interval: Any
    in_chorus: Truth

    @classmethod
    def of(cls, learning: Learning) -> CountingRule:
        """Of one learner."""
        return cls(
            learning.gross_errors or NEVER,
            learning.episode_choruses or NEVER,
            learning.test_interval,
            learning.counts_in_chorus,
        )

    @classmethod
    def stack(cls, learnings: Sequence[Learning], device: torch.device) -> CountingRule:
        """Of a population."""
        rules = zip(*map(cls.of, learnings), strict=True)
        return cls(*(torch.tensor(values, device=device) for values in rules))


def count_step(
    count: Counters, rule: CountingRule, song_steps: int, gross: Truth
) -> tuple[Truth, Truth]:
    """Counts one step, with a `gross` error or without, in a song of `song_steps` steps.

    Returns whether the state is to be cleared, and whether a test is due; where it is to be
    cleared, the counters already stand at a song's first step.
    """
    clean = gross ^ True
    count.steps += 1
    count.melody_steps += count.melody
    count.position = (count.position + 1) % song_steps
    count.right += clean
    count.gross += gross
    count.gross_in_count += gross
    count.gross_in_chorus += gross
    count.clean_run = (count.clean_run + 1) * clean
    count.longest_clean_run += count.clean_run > count.longest_clean_run

    burned = gross & (count.gross_in_count >= rule.gross_errors)
    chorus = (count.position == 0) & (burned ^ True)
    test = count.steps % rule.test_interval == 0
    test = test | (chorus & (count.gross_in_chorus == 0) & (count.melody == 0))
    count.gross_resets += burned
    count.songs += burned | chorus
    count.choruses_in_episode += chorus
    count.gross_in_chorus *= chorus ^ True
    count.gross_in_count *= (chorus & rule.in_chorus) ^ True
    ended = chorus & (count.choruses_in_episode >= rule.episode_choruses)
    count.episodes += ended
    clear = burned | ended
    _clear(count, clear)
    return clear, test


def begin_melody(count: Counters) -> None:
    """From here on the melody is learned, from the start of a song."""
    count.melody = 1
    count.songs += 1
    _clear(count, True)


def _clear(count: Counters, clear: Truth) -> None:
    """Back to a song's first step."""
    kept = clear ^ True
    count.own_note *= kept
    count.own_segment *= kept
    count.position *= kept
    count.choruses_in_episode *= kept
    count.gross_in_count *= kept
    count.gross_in_chorus *= kept
