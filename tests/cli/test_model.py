"""`inspection model`: fetching from a hub on loopback, holding to the record, and every way in which it can fail."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import close_session, constants, snapshot_download
from transformers.utils import logging

from inspection.adapters.clip.backbone import load_backbone
from inspection.adapters.clip.checkpoint import find
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.adapters.clip.hub import _bar
from inspection.adapters.clip.record import RECORD
from tests.adapters.clip.backbones import save_resnet
from tests.adapters.clip.hub_server import Hub, serve
from tests.adapters.clip.tiny import save_openclip, with_a_word_too_many
from tests.cli.conftest import call
from tests.config.site_files import RECIPE, RECIPE_FILE, changed

NAME = "maker/tiny-clip"
CARD = b"---\nlicense: mit\ntags: [vision]\n---\n# A tiny CLIP\n"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logging.disable_progress_bar()
    folder = save_openclip(tmp_path_factory.mktemp("published"))
    (folder / "README.md").write_bytes(CARD)
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (folder / "modeling.py").write_bytes(b"raise SystemExit('code was run')")
    return folder


@contextlib.contextmanager
def hub_of(saved: Path, cache: Path) -> Iterator[Hub]:
    """A hub with one model, and where this program keeps what it fetches."""
    with serve(Hub()) as served, pytest.MonkeyPatch.context() as patched:
        served.add(NAME, saved)
        patched.setattr(constants, "ENDPOINT", served.url)
        template = served.url + "/{repo_id}/resolve/{revision}/{filename}"
        patched.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        patched.setattr(constants, "HF_HUB_CACHE", str(cache))
        yield served
        close_session()


@pytest.fixture
def hub(saved: Path, tmp_path: Path) -> Iterator[Hub]:
    with hub_of(saved, tmp_path / "cache") as served:
        yield served


def listed() -> dict[str, dict[str, Any]]:
    called = call("model", "list", "--json")
    assert called.code == 0
    return {row["name"]: row for row in json.loads(called.out)["here"]}


def checks(name: str | Path, code: int) -> dict[str, Any]:
    called = call("model", "verify", name, "--json")
    assert called.code == code, called
    return {check["what"]: check for check in json.loads(called.out)["checks"]}


def test_pull_list_verify_card_and_a_run_without_the_hub(saved: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with hub_of(saved, cache) as served:
        called = call("model", "pull", NAME)
        assert called.code == 0, called.err
        sha256 = served.repositories[NAME]["main"].digest("model.safetensors")
        assert f"every tensor is in the file, sha256 {sha256}" in called.out
        assert f"In the recipe: model: {NAME}\n" in called.out
        assert not {"pytorch_model.bin", "modeling.py", "open_clip_model.safetensors"} & set(served.names_fetched())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(constants, "HF_HUB_CACHE", str(cache))
        patched.setattr(socket.socket, "connect", lambda *_: pytest.fail("the network was used"))
        row = listed()[NAME]
        assert (row["type"], row["width"], row["picture"], row["licence"]) == ("clip", 20, "32 x 32", "mit")
        assert row["as_recorded"] is True
        assert all(check["well"] for check in checks(NAME, 0).values())
        card = call("model", "card", NAME)
        assert "# A tiny CLIP" in card.out
        assert ClipEncoder.load(NAME).fingerprint["weights"] == sha256


@pytest.mark.usefixtures("hub")
def test_a_file_that_is_changed_added_or_lost_afterwards_is_found_and_pulled_anew() -> None:
    assert call("model", "pull", NAME).code == 0
    folder = find(NAME).folder
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    (folder / "preprocessor_config.json").write_text("{}")
    told = checks(NAME, 1)["files"]["found"]
    for fault in (
        "model.safetensors has changed",
        "preprocessor_config.json was not there",
        f"inspection model pull {NAME}",
    ):
        assert fault in told
    assert listed()[NAME]["as_recorded"] is False
    (folder / "preprocessor_config.json").unlink()
    (folder / "processor_config.json").unlink()
    assert listed()[NAME]["type"] == "not whole"
    lost = call("model", "verify", NAME)
    assert lost.code == 2
    assert f"only a part of it is on this machine; 'inspection model pull {NAME}'" in lost.err
    assert call("model", "pull", NAME).code == 0
    assert all(check["well"] for check in checks(NAME, 0).values())


def test_a_backbone_that_does_not_read_is_pulled_as_one(hub: Hub, tmp_path: Path) -> None:
    hub.add("maker/resnet", save_resnet(tmp_path / "resnet"), **{"pytorch_model.bin": b"a pickle"})
    refused = call("model", "pull", "maker/resnet")
    assert refused.code == 2
    assert "has no file of a tokenizer; use another checkpoint, or 'bundled'; an image model for" in refused.err
    called = call("model", "pull", "maker/resnet", "--backbone")
    assert called.code == 0, called
    assert called.out.endswith("inspection compare … --backbone maker/resnet\n")
    assert "a resnet to compare with: it does not read, so no line can judge by it" in called.out
    assert "pytorch_model.bin" not in hub.names_fetched()
    assert all(check["well"] for check in checks("maker/resnet", 0).values())
    assert load_backbone("maker/resnet", "whole").fingerprint["model"] == "maker/resnet"


def test_pulling_again_fetches_nothing(hub: Hub) -> None:
    assert call("model", "pull", NAME).code == 0
    before = hub.names_fetched()
    assert call("model", "pull", NAME).code == 0
    assert hub.names_fetched() == before


def test_a_connection_that_breaks_is_taken_up_where_it_broke(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 500)
    hub.cuts = [1000]
    assert call("model", "pull", NAME).code == 0
    assert [(name, part) for name, part in hub.fetched if name == "model.safetensors"] == [
        ("model.safetensors", None),
        ("model.safetensors", "bytes=1000-"),
    ]
    assert all(check["well"] for check in checks(NAME, 0).values())


def test_a_hub_that_dies_in_the_middle_is_told_and_what_has_arrived_is_kept(hub: Hub) -> None:
    hub.dead = True
    called = call("model", "pull", NAME)
    assert called.code == 1  # what was typed is right
    assert f"model {NAME}: the connection to {hub.url} failed" in called.err
    assert "copy its folder here" in called.err
    row = listed()[NAME]
    assert row["type"] == "not whole"
    missing = call("model", "verify", NAME)
    assert missing.code == 2
    assert "only a part of it is on this machine" in missing.err
    hub.dead, hub.fetched = False, []
    assert call("model", "pull", NAME).code == 0
    assert "model.safetensors" in hub.names_fetched()
    assert "config.json" not in hub.names_fetched()


def test_weights_that_are_not_what_the_hub_says_are_refused(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = hub.repositories[NAME]["main"]
    honest = repository.digest("model.safetensors")
    commit = repository.commit
    repository.files["model.safetensors"] = repository.files["model.safetensors"][:-1] + b"x"
    monkeypatch.setattr(type(repository), "digest", lambda _, __: honest)
    monkeypatch.setattr(type(repository), "commit", commit)
    called = call("model", "pull", NAME)
    assert called.code == 1
    assert "did not arrive as the hub says it is" in called.err
    assert call("model", "verify", NAME).code == 2


def test_another_revision_goes_by_its_own_name(hub: Hub, saved: Path) -> None:
    hub.repositories.clear()
    offered = hub.add(NAME, saved, revision="refs/pr/3")
    hub.add(NAME, saved).files.pop("model.safetensors")
    hub.offers[NAME] = [
        {
            "num": 3,
            "title": "Adding `safetensors` variant of this model",
            "author": {"name": "SFconvertbot"},
            "status": "open",
            "isPullRequest": True,
            "createdAt": "2026-01-01T00:00:00.000Z",
            "repo": {"name": NAME, "type": "model"},
            "repoOwner": {},
            "pinned": False,
        }
    ]
    called = call("model", "pull", NAME)
    assert called.code == 2
    assert "other weights can hold code and are not fetched" in called.err
    assert f"'inspection model pull {NAME} --revision refs/pr/3'" in called.err
    for asked in ([NAME, "--revision", "refs/pr/3"], [f"{NAME}@refs/pr/3"]):
        called = call("model", "pull", *asked)
        assert called.code == 0, called.err
        assert f"In the recipe: model: {NAME}@refs/pr/3\n" in called.out
    assert call("model", "pull", f"{NAME}@refs/pr/3", "--revision", "main").code == 2
    encoder = ClipEncoder.load(f"{NAME}@refs/pr/3")
    assert encoder.fingerprint["weights"] == offered.digest("model.safetensors")
    assert f"{NAME}@refs/pr/3 is here: write that" in call("model", "verify", NAME).err


@pytest.mark.usefixtures("hub")
def test_a_folder_is_carried_to_a_machine_without_a_network(tmp_path: Path) -> None:
    assert call("model", "pull", NAME).code == 0
    carried = shutil.copytree(find(NAME).folder, tmp_path / "stick" / "tiny")
    assert (carried / RECORD).is_file()
    assert "each as recorded" in checks(carried, 0)["files"]["found"]
    weights = carried / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-2000])
    assert "model.safetensors has changed; copy the folder again" in checks(carried, 1)["files"]["found"]


@pytest.mark.usefixtures("hub")
def test_what_another_program_fetched_is_held_against_the_hubs_own_hashes() -> None:
    folder = Path(snapshot_download(NAME, tqdm_class=_bar(lambda _: None)))
    assert listed()[NAME]["recorded_utc"] is None
    assert "each as the hub said" in checks(NAME, 0)["files"]["found"]
    config = folder / "config.json"
    config.write_text(config.read_text() + "\n")
    assert checks(NAME, 1)["files"]["found"].startswith("config.json has changed")


def test_a_folder_of_ones_own_has_no_record(saved: Path) -> None:
    assert "there is no record to hold them against" in checks(saved, 0)["files"]["found"]


def test_a_model_that_sees_nothing_does_not_pass_its_test(saved: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(saved, tmp_path / "blind")
    tensors = load_file(folder / "model.safetensors")
    tensors["vision_model.embeddings.patch_embedding.weight"].zero_()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    found = checks(folder, 1)
    assert found["weights"]["well"]
    assert "two different pictures have the same embedding" in found["self-test"]["found"]


def test_a_tokenizer_of_another_model_does_not_pass_its_test_and_the_rest_is_told(saved: Path, tmp_path: Path) -> None:
    folder = with_a_word_too_many(Path(shutil.copytree(saved, tmp_path / "torn")), "scratch")
    found = checks(folder, 1)
    assert found["weights"]["well"]
    assert "its tokenizer reads a word with id " in found["self-test"]["found"]


def test_what_is_published_in_a_form_that_cannot_be_run_is_named(hub: Hub, saved: Path) -> None:
    hub.add("maker/bert", saved).files["config.json"] = b'{"model_type": "bert"}'
    hub.add("maker/open-clip", saved).files.pop("config.json")
    hub.add("maker/no-words", saved)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        hub.repositories["maker/no-words"]["main"].files.pop(file)
    hub.add("maker/gated", saved)
    hub.gated.add("maker/gated")
    cases = {
        "maker/bert": "its type is 'bert'; it must be one of clip, siglip, siglip2",
        "maker/open-clip": "it has no config.json, so it is not in transformers' format",
        "maker/no-words": "it has no file of a tokenizer",
        "maker/gated": f"accept the terms at {hub.url}/maker/gated, then 'hf auth login'",
        "maker/tiny-clipp": "has no such model, or it is private; correct the name",
        "tiny-clip": "no id of the hub, which is owner/name",
    }
    for name, message in cases.items():
        called = call("model", "pull", name)
        assert called.code == 2, called
        assert message in called.err
        assert "'bundled'" in called.err
    assert "model.safetensors" not in hub.names_fetched()
    called = call("model", "pull", NAME, "--revision", "v9")
    assert (called.code, "it has no revision v9" in called.err) == (2, True)


@pytest.mark.parametrize(
    "name", ["./x", "owner/-x", "owner/x--y", "owner/x.", "a..b/x", "owner/x.git", "owner/x@", "a/b/c"]
)
def test_what_cannot_be_an_id_is_refused_before_the_hub_is_asked(hub: Hub, name: str) -> None:
    called = call("model", "pull", name)
    assert (called.code, called.out) == (2, "")
    assert f"model {name}: that is no id of the hub, which is owner/name" in called.err
    assert hub.fetched == []


def test_the_bundled_model_is_here_already(hub: Hub) -> None:
    called = call("model", "pull", "bundled")
    assert called.code == 0
    assert called.out.startswith("bundled is here already: it came with the program")
    assert hub.fetched == []


def test_no_network_no_room_and_offline(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 10**6))
        called = call("model", "pull", NAME)
    assert called.code == 2
    assert "no room in" in called.err
    assert "HF_HUB_CACHE" in called.err
    with monkeypatch.context() as patched:
        (tmp_path / "in-the-way").write_text("")
        patched.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "in-the-way"))
        called = call("model", "pull", NAME)
    assert called.code == 2
    assert f"cannot write {tmp_path}/in-the-way" in called.err
    with monkeypatch.context() as patched:
        patched.setattr(constants, "HF_HUB_OFFLINE", True)
        called = call("model", "pull", NAME)
    assert (called.code, "HF_HUB_OFFLINE is set; unset it to pull" in called.err) == (2, True)
    close_session()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setattr(constants, "ENDPOINT", nobody)
    called = call("model", "pull", NAME)
    assert called.code == 1
    assert f"the connection to {nobody} failed" in called.err
    assert "'bundled'" in called.err


def test_a_run_whose_model_is_missing_says_how_to_get_it(site: Path, hub: Hub) -> None:
    (site / RECIPE_FILE).write_text(changed(RECIPE, "model: bundled", f"model: {NAME}"))
    (site / "any.jpg").write_bytes(b"")
    called = call("score", "any.jpg", "--recipe", "nut", "--config-dir", ".")
    assert called.code == 2
    assert f"fetch it with 'inspection model pull {NAME}', or use 'bundled'" in called.err
    assert hub.fetched == []


def _read(terminal: int) -> Iterator[str]:
    """What is written to it, until nobody has it open any more."""
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 65536):
            yield chunk.decode(errors="replace")


def test_on_a_terminal_there_is_a_bar(hub: Hub, tmp_path: Path) -> None:
    """As a person calls it: the hub by HF_ENDPOINT, at a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "TERM": "xterm"}
    environment.pop("HF_HUB_CACHE", None)
    command = [sys.executable, "-m", "inspection", "model", "pull", NAME, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment, text=True)
    os.close(theirs)
    drawn = "".join(_read(ours))
    os.close(ours)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0, drawn
    assert all(check["well"] for check in json.loads(out)["checks"])
    assert NAME in drawn
    size = sum(len(hub.repositories[NAME]["main"].files[name]) for name in set(hub.names_fetched()))
    assert f"{size / 1000:.1f}/{size / 1000:.1f} kB" in drawn
