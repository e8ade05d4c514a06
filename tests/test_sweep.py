"""Sweeps: any launcher, stopped and begun again, a worker lost on the way."""

from __future__ import annotations

import copy
import importlib.util
import json
import os
import pickle
import platform
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from support import environment, run_command, train_command

from lstm_blues.errors import BluesError
from lstm_blues.runs.checkpoint import load_checkpoint
from lstm_blues.runs.config import compose_config, conf_folder
from lstm_blues.runs.orphans import EndWithSweep
from lstm_blues.runs.resume import check_same_run, is_finished
from lstm_blues.runs.run import run_experiment, run_of_sweep
from lstm_blues.runs.settings import settings_from
from lstm_blues.runs.sweep import Watch, count_runs, run_name

STUDIES = sorted(path.stem for path in (conf_folder() / "study").glob("*.yaml"))
SMALL = ["-m", "+experiment=chords", "run.listen_share=0", "hydra.sweep.dir=sweep"]


def weights(folder: Path) -> torch.Tensor:
    return load_checkpoint(folder).learner.weights["output.chords"]


@pytest.mark.parametrize(
    ("dirname", "name"),
    [
        ("+experiment=chords,seed=3", "experiment=chords,seed=3"),
        ("+study=resets,learning.gross_errors=8,seed=3", "gross_errors=8,seed=3"),
        ("+study=rates,learning.rate=1e-4,run.step_limit=5,seed=1", "rate=1e-4,seed=1"),
        ("run.dtype=float32,seed=1", "dtype=float32,seed=1"),
        (
            "network.groups.chords.forget_bias=[1,2.5],seed=1",
            "forget_bias=[1,2.5],seed=1",
        ),
    ],
)
def test_a_run_s_folder_is_named_after_what_sets_it_apart(dirname: str, name: str) -> None:
    assert run_name(dirname) == name


def test_settings_of_run_are_named_where_a_sweep_varies_them() -> None:
    dirname = "run.final_choruses=9,run.step_limit=5,seed=1"
    assert run_name(dirname) == "seed=1"
    assert run_name(dirname, "run.step_limit") == "step_limit=5,seed=1"


def test_ambiguous_names_are_told_apart() -> None:
    one = run_name("network.groups.chords.blocks=4,network.groups.melody.blocks=2")
    two = run_name("network.groups.melody.blocks=4,network.groups.chords.blocks=2")
    assert re.fullmatch(r"blocks=4,blocks=2_[0-9a-f]{8}", one)
    assert one != two
    assert len(run_name("seed=" + "1" * 500)) < 150


def test_values_that_a_folder_cannot_name_are_told_apart() -> None:
    assert run_name("form.chords=[C F],seed=1") != run_name("form.chords=[CF],seed=1")


def test_runs_are_counted() -> None:
    params = {"seed": "range(1,21)", "learning.rate": "1e-4,1e-3"}
    assert count_runs([], params) == 40
    assert count_runs(["seed=1,2", "run.step_limit=5"], params) == 4


def swept(study: str) -> list[str]:
    """Every override that the sweep of a study makes beside its seeds."""
    config = yaml.safe_load((conf_folder() / "study" / f"{study}.yaml").read_text())
    # Some sweep nothing but the seeds.
    params = config.get("hydra", {"sweeper": {"params": {}}})["sweeper"]["params"]
    texts = [f"{name}={value}" for name, value in params.items() if name != "seed"]
    parsed = OverridesParser.create().parse_overrides(texts)
    return [
        f"{override.get_key_element()}={value}"
        for override in parsed
        for value in (
            override.sweep_string_iterator()
            if override.is_sweep_override()
            else [override.get_value_element_as_str()]
        )
    ]


@pytest.mark.parametrize("study", [name for name in STUDIES if name != "defaults"])
def test_every_study_composes_with_whatever_it_sweeps(study: str) -> None:
    settings = settings_from(compose_config([f"+study={study}"]))
    assert settings.name == study
    assert not settings.run.listen_share
    for override in swept(study):
        settings_from(compose_config([f"+study={study}", override]))


def test_what_a_study_sweeps_takes_the_place_of_its_experiment() -> None:
    # In the order that a multirun has.
    settings = settings_from(compose_config(["melody=four_closed", "+study=own_melody"]))
    assert settings.network.groups["melody"].blocks == 4


@pytest.mark.slow
def test_a_sweep_that_was_killed_goes_on(tmp_path: Path) -> None:
    options = [*SMALL, "seed=1,2,3", "run.step_limit=1500000", "run.checkpoint_seconds=0.05"]
    process = subprocess.Popen(train_command(*options), cwd=tmp_path, env=environment())
    first, second, third = (
        tmp_path / "sweep" / f"experiment=chords,seed={seed}" for seed in (1, 2, 3)
    )
    deadline = time.monotonic() + 120
    while not (second / "checkpoint.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    process.kill()
    process.wait()
    assert (first / "summary.json").exists()
    assert not (third / "summary.json").exists()
    ended = (first / "summary.json").stat().st_mtime_ns
    half_done = load_checkpoint(second).learner.counters.steps
    again = run_command("train", *options, cwd=tmp_path)
    assert again.returncode == 1, again.stderr  # none has learned within its step limit
    assert again.stdout.count("Already finished") == 1
    assert (first / "summary.json").stat().st_mtime_ns == ended
    assert half_done < 1_500_000
    for folder in (first, second, third):
        assert json.loads((folder / "summary.json").read_text())["steps"] == 1_500_000
    whole = run_command("train", *options, "hydra.sweep.dir=whole", cwd=tmp_path)
    assert whole.returncode == 1
    for seed in (1, 2, 3):
        name = f"experiment=chords,seed={seed}"
        assert torch.equal(weights(tmp_path / "sweep" / name), weights(tmp_path / "whole" / name))


@pytest.mark.slow
def test_a_sweep_stops_where_its_run_is_tested_to_the_end(tmp_path: Path) -> None:
    options = ["-m", "+experiment=chords", "learning.rate=1e-4", "seed=1,2"]
    options += ["run.final_choruses=1000000", "run.listen_share=0", "hydra.sweep.dir=sweep"]
    process = subprocess.Popen(train_command(*options), cwd=tmp_path, env=environment())
    time.sleep(8)  # on an idle machine the form is learned after five seconds, and tested for ten
    process.terminate()
    assert process.wait() == 130
    assert len(list((tmp_path / "sweep").glob("*/config.yaml"))) == 1


@pytest.mark.slow
def test_a_sweep_goes_on_to_a_higher_limit_that_its_config_gives(tmp_path: Path) -> None:
    conf = tmp_path / "conf" / "study"
    conf.mkdir(parents=True)
    folder = tmp_path / "sweep" / "seed=1"
    for limit in (1000, 2500, 2000):
        (conf / "short.yaml").write_text(f"# @package _global_\nrun:\n  step_limit: {limit}\n")
        options = ["--config-dir", str(conf.parent), *SMALL, "+study=short", "seed=1"]
        done = run_command("train", *options, "hydra.sweep.subdir='seed=1'", cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        assert ("Already finished" in done.stdout) == (limit == 2000)
        assert json.loads((folder / "summary.json").read_text())["steps"] == (
            1000 if limit == 1000 else 2500
        )


@pytest.mark.slow
def test_a_run_that_goes_on_since_its_end_is_not_finished(tmp_path: Path) -> None:
    options = [*SMALL, "seed=1"]
    folder = tmp_path / "sweep" / "experiment=chords,seed=1"
    assert run_command("train", *options, "run.step_limit=1000", cwd=tmp_path).returncode == 1
    assert is_finished(folder, 1000)
    # As one leaves it that was killed on its way to a higher limit.
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace("step_limit: 1000", "step_limit: 5000"))
    assert not is_finished(folder, 5000)
    assert run_command("train", *options, "run.step_limit=5000", cwd=tmp_path).returncode == 1
    assert json.loads((folder / "summary.json").read_text())["steps"] == 5000


def test_a_sweep_s_runs_are_named_as_its_command_line_says() -> None:
    said = "hydra.sweep.subdir=\"${run_name:${hydra:job.override_dirname},'run.step_limit'}\""
    for task, own, expected in (
        (["run.step_limit=5,6", "seed=1,2"], [], [said]),
        (["run.step_limit=5", "run.dtype=float32,float64"], [], []),
        (["run.step_limit=5,6"], ["hydra.sweep.subdir=x"], ["hydra.sweep.subdir=x"]),
    ):
        told = {"overrides": {"task": task, "hydra": own}, "sweeper": {"params": None}}
        config = OmegaConf.create({"hydra": {**told, "sweep": {"dir": "sweep"}}})
        watch = Watch()
        watch.on_multirun_start(config)
        watch.on_multirun_end(config)
        Watch.ended = None
        assert OmegaConf.to_container(config.hydra.overrides.hydra) == expected


@pytest.mark.slow
def test_runs_of_a_swept_run_setting_have_folders_of_their_own(tmp_path: Path) -> None:
    options = [*SMALL, "run.final_choruses=1", "run.step_limit=500,1000"]
    done = run_command("train", *options, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    told = {path.parent.name: json.loads(path.read_text())["steps"] for path in summaries(tmp_path)}
    assert told == {
        "experiment=chords,step_limit=500": 500,
        "experiment=chords,step_limit=1000": 1000,
    }
    again = run_command("train", *options, cwd=tmp_path)
    assert again.stdout.count("Already finished") == 2


def summaries(place: Path) -> list[Path]:
    return sorted((place / "sweep").glob("*/summary.json"))


def without(config: dict[str, Any], *names: str) -> dict[str, Any]:
    """A config as it was before these settings were added."""
    found = copy.deepcopy(config)
    for name in names:
        *groups, last = name.split(".")
        group = found
        for each in groups:
            group = group[each]
        del group[last]
    return found


NEW = ("learning.gradient", "learning.kalman", "network.cell", "form.bars")
"""Settings with a default, which configs of old runs do not have."""


def test_a_folder_from_before_a_setting_was_added_is_the_same_run(tmp_path: Path) -> None:
    config = compose_config(["+experiment=chords", "run.step_limit=500", "run.final_choruses=1"])
    run_experiment(without(config, *NEW), tmp_path)
    written = yaml.safe_load((tmp_path / "config.yaml").read_text())
    assert "gradient" not in written["learning"]
    check_same_run(config, tmp_path)
    # What a command line says that is the default changes nothing, either.
    overrides = ["learning.gradient=truncated", "run.step_limit=500"]
    assert run_of_sweep(config, tmp_path, overrides) is None
    config["run"]["step_limit"] = 800
    summary = run_of_sweep(config, tmp_path, overrides)
    assert summary is not None
    assert summary.steps == 800
    config["learning"]["gradient"] = "rtrl"
    with pytest.raises(BluesError, match=r"learning.gradient 'truncated' and not 'rtrl'"):
        check_same_run(config, tmp_path)
    with pytest.raises(BluesError, match=r"cannot change learning.gradient from 'truncated'"):
        run_experiment(config, tmp_path, str(tmp_path), ["learning.gradient=rtrl"])


CHILD = """
import pickle, signal, sys, time
callback = pickle.loads(bytes.fromhex(sys.argv[1]))
def stop(*_):
    print("stopped", flush=True)
    sys.exit(130)
signal.signal(signal.SIGTERM, stop)
callback.on_job_start()
print("started", flush=True)
time.sleep(60)
"""
PARENT = f"""
import pickle, subprocess, sys
from lstm_blues.runs.orphans import EndWithSweep
callback = EndWithSweep()
callback.on_job_start()
command = [sys.executable, "-c", {CHILD!r}, pickle.dumps(callback).hex()]
subprocess.run(command, stdout=sys.stdout)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a system with signals")
def test_a_run_in_another_process_is_stopped_where_the_sweep_is_no_more() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.kill()
        assert process.stdout.readline() == "stopped\n"
    # One that begins only then does not begin.
    late = pickle.dumps(EndWithSweep(platform.node(), process.pid)).hex()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, late], env=environment(), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (130, b"")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no /proc to find children in")
def test_workers_end_with_the_sweep(tmp_path: Path) -> None:
    if importlib.util.find_spec("hydra_plugins.hydra_joblib_launcher") is None:
        pytest.skip("the extra 'cores' is not installed")
    options = ["learning.rate=1e-9", "run.checkpoint_seconds=0.2", "run.log_interval=1e12"]
    process = subprocess.Popen(
        train_command(
            *SMALL, *options, "seed=1,2,3,4", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"
        ),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    begun = tmp_path / "sweep"
    deadline = time.monotonic() + 120
    while len(list(begun.glob("*/checkpoint.previous.pt"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    left = children(process.pid)
    assert len(left) >= 2
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while any(map(is_running, left)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(is_running, left))
    # They saved where they stood, and no further run began.
    folders = [path.parent for path in begun.glob("*/checkpoint.pt")]
    assert len(folders) == 2
    for folder in folders:
        assert load_checkpoint(folder).learner.counters.steps > 0
        assert not (folder / ".lock").exists()


def is_running(process: int) -> bool:
    """Whether a process, which may be no one's child any more, still does something."""
    try:
        told = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return told.rsplit(")", 1)[1].split()[0] != "Z"


def test_another_sweep_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    options = [*SMALL, "seed=1", "run.step_limit=1000"]
    assert run_command("train", *options, cwd=tmp_path).returncode == 1
    again = run_command(
        "train", *options, "form.chords=[C,F,C,C,F,F,C,C,G,F,C,G]",
        "hydra.sweep.subdir='experiment=chords,seed=1'",
        cwd=tmp_path,
    )  # fmt: skip
    assert again.returncode == 2
    assert "contains a different run, with form.chords" in again.stderr


@pytest.mark.slow
def test_a_sweep_on_several_cores(tmp_path: Path) -> None:
    if importlib.util.find_spec("hydra_plugins.hydra_joblib_launcher") is None:
        pytest.skip("the extra 'cores' is not installed")
    done = run_command(
        "train", *SMALL, "seed=1,2,3", "run.step_limit=100000",
        "hydra/launcher=joblib", "hydra.launcher.n_jobs=2",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    alone = run_command(
        "train", "+experiment=chords", "seed=2", "run.step_limit=100000", "hydra.run.dir=alone",
        cwd=tmp_path,
    )  # fmt: skip
    assert alone.returncode == 1
    assert len(list((tmp_path / "sweep").glob("*/summary.json"))) == 3
    assert torch.equal(
        weights(tmp_path / "sweep" / "experiment=chords,seed=2"), weights(tmp_path / "alone")
    )


@pytest.mark.slow
def test_a_sweep_by_submitit(tmp_path: Path) -> None:
    if importlib.util.find_spec("hydra_plugins.hydra_submitit_launcher") is None:
        pytest.skip("the extra 'slurm' is not installed")
    # What `submitit_slurm` hands to Slurm, `submitit_local` runs in processes of this machine.
    options = [*SMALL, "seed=1,2", "run.step_limit=50000", "hydra/launcher=submitit_local"]
    done = run_command("train", *options, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    told = [json.loads(path.read_text()) for path in (tmp_path / "sweep").glob("*/summary.json")]
    assert sorted((each["seed"], each["steps"]) for each in told) == [(1, 50_000), (2, 50_000)]


def children(root: int) -> list[int]:
    """All processes that a process has begun, and theirs."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = [], [root]
    while waiting:
        waiting += (new := parents.get(waiting.pop(), []))
        found += new
    return found


def workers(root: int) -> list[int]:
    """The processes of a Ray cluster, begun by `root`, that run a task now."""
    found = []
    for number in children(root):
        try:
            line = Path(f"/proc/{number}/cmdline").read_bytes()
        except OSError:
            continue
        if line.startswith(b"ray::_run_job"):
            found.append(number)
    return found


@pytest.mark.slow
def test_a_ray_cluster_that_loses_a_worker_collects_every_run(tmp_path: Path) -> None:
    if importlib.util.find_spec("hydra_plugins.hydra_ray_launcher") is None:
        pytest.skip("the extra 'ray' is not installed")
    options = [*SMALL, "seed=1,2,3,4", "run.step_limit=8000000", "run.checkpoint_seconds=0.05"]
    cluster = ["hydra/launcher=ray", "+hydra.launcher.ray.init.num_cpus=2"]
    process = subprocess.Popen(
        train_command(*options, *cluster, "+hydra.launcher.ray.init.include_dashboard=false"),
        cwd=tmp_path,
        env={**environment(), "TMPDIR": "/tmp"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 240
    sweep, killed = tmp_path / "sweep", 0
    while not killed and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
        begun = {path.parent for path in sweep.glob("*/checkpoint.pt")}
        ended = {path.parent for path in sweep.glob("*/summary.json")}
        if len(begun - ended) == 2 and (busy := workers(process.pid)):
            os.kill(busy[0], signal.SIGKILL)
            killed = busy[0]
    output, _ = process.communicate(timeout=400)
    assert killed, output
    assert process.returncode in (0, 1), output
    told = [json.loads(path.read_text()) for path in sweep.glob("*/summary.json")]
    assert sorted(each["seed"] for each in told) == [1, 2, 3, 4], output
    assert all(each["learned"] or each["steps"] == 8_000_000 for each in told)
