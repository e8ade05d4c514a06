"""Counting, resetting and testing: for one learner in numbers, for a population in tensors."""

from dataclasses import asdict, replace

import torch
from support import LEARNING

from lstm_blues.learning.counting import CountingRule, begin_melody, count_step
from lstm_blues.learning.state import Counters

SONG_STEPS = 7
LEARNINGS = [
    replace(LEARNING, test_interval=5),
    replace(LEARNING, gross_errors=0, episode_choruses=0),
    replace(LEARNING, gross_errors=3, gross_count="in_chorus"),
    replace(LEARNING, gross_errors=1, episode_choruses=1),
]


def test_a_population_counts_as_each_of_its_members() -> None:
    members, generator = len(LEARNINGS), torch.Generator().manual_seed(1)
    alone = [Counters() for _ in LEARNINGS]
    names = asdict(Counters())
    together = Counters(**{name: torch.zeros(members, dtype=torch.int64) for name in names})
    rule = CountingRule.stack(LEARNINGS, torch.device("cpu"))
    cleared = tested = 0
    for _ in range(400):
        gross = torch.rand(members, generator=generator) < 0.15
        clear, test = count_step(together, rule, SONG_STEPS, gross)
        for n, (count, learning) in enumerate(zip(alone, LEARNINGS, strict=True)):
            due = count_step(count, CountingRule.of(learning), SONG_STEPS, bool(gross[n]))
            assert due == (bool(clear[n]), bool(test[n]))
            assert {name: int(getattr(together, name)[n]) for name in names} == asdict(count)
            cleared, tested = cleared + due[0], tested + due[1]
    assert cleared > 50
    assert tested > 50
    assert all(type(value) is int for count in alone for value in asdict(count).values())


def test_where_the_state_is_cleared_the_song_begins_anew() -> None:
    count, rule = Counters(), CountingRule.of(replace(LEARNING, gross_errors=2))
    due = [count_step(count, rule, SONG_STEPS, gross)[0] for gross in (True, False, True)]
    assert due == [False, False, True]
    assert (count.steps, count.gross, count.right) == (3, 2, 1)
    assert (count.gross_resets, count.songs, count.position, count.gross_in_count) == (1, 1, 0, 0)


def test_an_episode_s_end_forgets_its_gross_errors() -> None:
    learning = replace(LEARNING, gross_errors=3, episode_choruses=2)
    count, rule = Counters(), CountingRule.of(learning)
    for _ in range(5 * 2):  # one gross error a chorus, two an episode
        for step in range(SONG_STEPS):
            count_step(count, rule, SONG_STEPS, step == 2)
    assert (count.gross, count.gross_resets, count.episodes) == (10, 0, 5)


def test_the_melody_begins_with_a_song() -> None:
    count = Counters(steps=5, position=5, gross_in_chorus=1, learned=1)
    begin_melody(count)
    assert (count.melody, count.songs, count.position, count.gross_in_chorus) == (1, 1, 0, 0)
    assert count.running
    count_step(count, CountingRule.of(LEARNING), SONG_STEPS, False)
    assert count.melody_steps == 1
