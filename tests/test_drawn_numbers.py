"""What is drawn is the same on every machine: first weights, the order of songs, the numbers of
sampling.

All of it comes from generators of 32-bit words that are defined to the bit, the Mersenne Twister
mt19937, one of PyTorch on the CPU and one of Python.  PyTorch's is seeded with the low 32 bits of
the seed.  `torch.rand` makes a double of two words, the first the high one, from their low 53 bits
times 2^-53, and a float of one word's low 24 bits times 2^-24; `torch.randint` takes a word modulo
the range.  No step of this rounds.  Python defines its own `sample`.  None of this is promised by
PyTorch or Python for later versions: were it to change, these tests would say so.
"""

from __future__ import annotations

import hashlib
import random

import numpy as np
import pytest
import torch

from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from


def parts(experiment: str) -> Parts:
    return Parts(settings_from(compose_config([f"+experiment={experiment}"])))


def words(seed: int, count: int) -> list[int]:
    """Words of mt19937 as NumPy makes them."""
    generator = np.random.MT19937()
    generator._legacy_seeding(seed % 2**32)  # type: ignore[attr-defined]
    return [int(word) for word in generator.random_raw(count)]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_stored_numbers_are_drawn() -> None:
    double = torch.rand(5, generator=seeded(1), dtype=torch.float64)
    assert [float.hex(number) for number in double.tolist()] == [
        "0x1.f425ff4780eb0p-5",
        "0x1.cbe33baf05120p-3",
        "0x1.dfbfc83330e24p-3",
        "0x1.6ab2fff047a14p-3",
        "0x1.1cb4f3c7053c0p-1",
    ]
    single = torch.rand(3, generator=seeded(1))
    assert (single.double() * 2**24).tolist() == [12710949.0, 4686059.0, 6762380.0]
    whole = torch.randint(13, (10,), generator=seeded(1))
    assert whole.tolist() == [6, 9, 3, 1, 6, 1, 7, 2, 12, 9]
    assert random.Random(1).sample(range(1000), 10) == [
        *(137, 582, 867, 821, 782, 64, 261, 120, 507, 779)
    ]
    # More than fit 32 bits, as there are songs.
    assert random.Random(1).sample(range(2**40), 4) == [
        *(140719340484, 258793550908, 1037017667747, 836022225947)
    ]


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1, 2**32 + 1, 2**63 - 1])
def test_pytorch_makes_them_of_mt19937_s_words(seed: int) -> None:
    drawn = words(seed, 2000)
    double = torch.rand(1000, generator=seeded(seed), dtype=torch.float64)
    pairs = zip(drawn[::2], drawn[1::2], strict=True)
    assert double.tolist() == [(high << 32 | low) % 2**53 / 2**53 for high, low in pairs]
    single = torch.rand(2000, generator=seeded(seed))
    assert single.tolist() == [word % 2**24 / 2**24 for word in drawn]
    for choices in (2, 13, 1000):
        whole = torch.randint(choices, (2000,), generator=seeded(seed))
        assert whole.tolist() == [word % choices for word in drawn]


@pytest.mark.parametrize(
    ("experiment", "expected"),
    [
        ("chords", "ad77af04fef1c95d"),
        ("melody", "a2193992f703c3d4"),
        ("forms", "849d12ce47be5c33"),
    ],
)
def test_first_weights_of_seed_1(experiment: str, expected: str) -> None:
    found = hashlib.sha256()
    for name, weights in sorted(parts(experiment).network.state_dict().items()):
        found.update(name.encode() + weights.numpy().astype("<f8").tobytes())
    assert found.hexdigest()[:16] == expected


@pytest.mark.parametrize(
    ("experiment", "expected"),
    [
        # The forms of the first hundred songs.
        (
            "forms",
            "15021155502345100324032430425422331350223555330354"
            "03403152304132331544152240535430231011432413303521",
        ),
        # The segments of the first songs' bars, twelve a song.
        (
            "melody",
            "11111111000110111011100100000000100000110010010110"
            "11101101001100101101011111001010111101010010101100",
        ),
    ],
)
def test_the_first_songs_of_seed_1(experiment: str, expected: str) -> None:
    picks = parts(experiment).stream.picks.flatten()[: len(expected)]
    assert "".join(map(str, picks.tolist())) == expected
