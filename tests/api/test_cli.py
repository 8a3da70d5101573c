"""The command line: exit codes, streams, and that nothing heavy loads to say `--help`."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from api.cli import app, exit_code, run
from api.commands.terminal import stdout
from api.container import Container
from api.settings import Limits, Settings
from engine.errors import GuardTripped, IndexUnavailable, Overloaded
from tests.api.conftest import BAD_ROWS, GOOD_ROWS, write_feed
from tests.api.pictures import encoded, garment

REPOSITORY = Path(__file__).parents[2]
COMMANDS = (
    ["ingest"],
    ["search"],
    ["detect"],
    ["render"],
    ["serve"],
    ["demo"],
    ["doctor"],
    ["train"],
    ["train", "encoder"],
    ["train", "student"],
    ["train", "teacher"],
    ["train", "composer"],
    ["train", "detector"],
    ["train", "sd-adapter"],
    ["study"],
    ["study", "distil"],
    ["study", "text-towers"],
    ["eval"],
    ["bench"],
    ["bench", "variants"],
)


def _json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What was printed, which has to be one JSON object and nothing else."""
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write_feed(tmp_path / "feed")


@pytest.mark.parametrize("command", [[], *COMMANDS], ids=" ".join)
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--help"]) == 0
    printed = capsys.readouterr().out
    assert "Usage: lookalike" in printed
    if command in ([], ["ingest"], ["search"], ["doctor"]):
        for code in ("0 ok", "2 usage", "3 partial", "4 not found", "8 guard", "130"):
            assert code in " ".join(printed.split())


def test_no_command_is_left_out_of_the_help_test() -> None:
    names = {each.name for each in (*app.registered_commands, *app.registered_groups)}
    assert names == {command[0] for command in COMMANDS}


def test_help_and_version_load_nothing_heavy() -> None:
    heavy = ("numpy", "PIL", "fastapi", "pydantic", "sqlalchemy", "onnxruntime", "qdrant_edge")
    code = (
        "import sys; from api.cli import run; rc = run(['--help']);"
        f"print([name for name in {heavy!r} if name in sys.modules], rc)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[] 0"


def test_ingest_then_search_then_ingest_again(
    feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--home", str(tmp_path / "home"), "--encoder", "toy"]
    assert run(["ingest", str(feed), *place, "--json"]) == 3
    report = _json(capsys)
    assert (report["indexed"], report["rejected"]) == (GOOD_ROWS, BAD_ROWS)
    assert Path(report["rejected_path"]).is_file()

    assert run(["ingest", str(feed), *place]) == 3
    printed = capsys.readouterr()
    assert f"{GOOD_ROWS} unchanged" in printed.out
    assert "row.title_missing 1" in printed.out
    assert printed.err == "", "no progress where there is no terminal"

    assert run(["search", "red dress", *place, "--json", "-n", "3"]) == 0
    answer = _json(capsys)
    assert "Red Dress" in answer["hits"][0]["product"]["title"]

    sheet = tmp_path / "found.png"
    arguments = ["--like", "P01", "--but", "red, under 60", "--drop", "price:at_most:6000"]
    assert run(["search", *arguments, *place, "--sheet", str(sheet)]) == 0
    printed = capsys.readouterr()
    assert "Understood: [colour: red]" in printed.out
    assert "Red" in printed.out
    assert sheet.read_bytes().startswith(b"\x89PNG")

    picture = tmp_path / "mine.png"
    picture.write_bytes(encoded(garment("blue")))
    wanted = ["--image", str(picture), "--filter", "colour = blue and price <= 40"]
    assert run(["search", *wanted, *place, "--json"]) == 0
    hits = _json(capsys)["hits"]
    assert hits
    assert all(hit["product"]["price"]["minor"] <= 4000 for hit in hits)

    assert run(["doctor", *place, "--json"]) == 0
    checks = {check["name"]: check for check in _json(capsys)["checks"]}
    assert checks["index"]["status"] == "ok"
    assert checks["index"]["message"] == f"{GOOD_ROWS} points, {GOOD_ROWS} products"
    assert checks["fingerprint"]["message"].startswith("toy@")


def test_exit_codes(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    place = ["--home", str(copy), "--encoder", "toy"]
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG nothing")
    few = copy / "feeds" / "few.csv"
    few.write_text("id,title,image_link,price\nP00,Norvik Women Red Dress,0.png,5 EUR\n")
    cases: list[tuple[list[str], int, str]] = [
        (["search", *place], 2, "nothing to search for"),
        (["search", "   ", *place], 2, "nothing to search for"),
        (["search", "x", "--limit", "0", *place], 2, "--limit"),
        (["search", "--filter", "colr = red", *place], 2, "Did you mean colour?"),
        (["search", "--image", str(broken), *place], 2, "image"),
        (["search", "--image", "none.png", *place], 4, "there is no file 'none.png'"),
        (["search", "--like", "nobody", *place], 4, "nobody"),
        (["search", "x", "--home", "elsewhere", "--encoder", "toy"], 4, "lookalike ingest"),
        (["search", "x", "--home", str(copy), "--encoder", "nothing"], 2, "nothing"),
        (["ingest", "none.csv", *place], 4, "none.csv"),
        (["ingest", str(broken), *place], 2, ""),
        (["ingest", str(few), "--full", *place], 8, "--yes"),
        (["search", "x", "--nonsense"], 2, "nonsense"),
        (["nonsense"], 2, "nonsense"),
    ]
    for arguments, code, said in cases:
        assert run(arguments) == code, arguments
        printed = capsys.readouterr()
        assert printed.out == "" or code == 8, arguments
        assert said in printed.err, arguments


def test_an_index_in_use_is_a_conflict(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Container(Settings(home=home, encoder="toy")) as container:
        assert container.index.count() == GOOD_ROWS
        done = subprocess.run(
            [sys.executable, "-m", "api.cli", "search", "x", f"--home={home}", "--encoder=toy"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stdout) == (6, ""), done.stderr
    assert "index.locked" in done.stderr


def test_the_demo_goes_from_nothing_to_an_answer_and_is_quick_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_feed(tmp_path / "samples").rename(tmp_path / "samples" / "catalogue.csv")
    monkeypatch.setattr("api.commands.demo.samples_folder", lambda: tmp_path / "samples")
    home = tmp_path / "demo"
    arguments = ["demo", "--home", str(home), "--encoder", "toy"]
    assert run([*arguments, "--json"]) == 0
    told = _json(capsys)
    assert told["ingestion"]["indexed"] == GOOD_ROWS
    assert told["reference"] == "P01", "the first blue dress"
    assert "Red" in told["answer"]["hits"][0]["product"]["title"]
    assert Path(told["sheet"]).read_bytes().startswith(b"\x89PNG")
    drawn = told["variants"]
    assert drawn["after"]["colour"] == "red"
    assert [each["seed"] for each in drawn["variants"]] == [0, 1, 2, 3]
    for path in (drawn["sheet"], *(each["file"] for each in drawn["variants"])):
        assert Path(path).read_bytes().startswith(b"\x89PNG")
    assert run([*arguments, "--but", "under 40"]) == 0
    printed = capsys.readouterr().out
    assert f"{GOOD_ROWS} unchanged" in printed
    assert "Nothing was drawn" in printed
    assert "a price cannot be seen" in printed
    assert run(arguments) == 0
    assert "Drawn: [colour: red]" in (printed := capsys.readouterr().out)
    assert f"lookalike serve --home {home} --encoder toy" in printed


def test_training_without_torch_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "torch"]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.startswith("models.training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run(["train", "encoder"]) == 1
    assert "pip install 'lookalike[models]'" in capsys.readouterr().err


def test_ctrl_c_finishes_the_batch_and_says_how_to_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "feed"
    write_feed(folder)
    rows = [
        f"Q{place:05},Red Dress {place},{place % GOOD_ROWS}.png,5 EUR" for place in range(6_000)
    ]
    feed = folder / "long.csv"
    feed.write_text("\n".join(["id,title,image_link,price", *rows]) + "\n")
    place = ["--home", str(tmp_path / "home"), "--encoder", "toy"]
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "ingest", str(feed), *place, "--json"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # The first rejected or indexed rows leave a trace in the catalogue: then it is under way.
    catalogue = tmp_path / "home" / "blobs"
    until = time.monotonic() + 120
    while not any(catalogue.rglob("[0-9a-f]" * 64)) and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    report = json.loads(out)
    assert report["stopped"]
    assert report["rows"] < 6_000
    assert "Finishing the batch" in err
    assert f"lookalike ingest {feed}" in err


def test_the_demo_leaves_a_configured_shop_alone(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_feed(tmp_path / "samples").rename(tmp_path / "samples" / "catalogue.csv")
    monkeypatch.setattr("api.commands.demo.samples_folder", lambda: tmp_path / "samples")
    shop = tmp_path / "shop"
    monkeypatch.setenv("LOOKALIKE_CATALOGUE", f"sqlite:///{shop / 'catalogue.sqlite'}")
    monkeypatch.setenv("LOOKALIKE_INDEX", str(shop / "index"))
    demo = tmp_path / "demo"
    assert run(["demo", "--home", str(demo), "--encoder", "toy", "--json"]) == 0
    told = _json(capsys)
    assert not shop.exists()
    assert (demo / "catalogue.sqlite").is_file()
    assert told["serve"].startswith(f"LOOKALIKE_INDEX={demo / 'index'} ")
    # A shop that the demo did not fill is not its to empty either.
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    assert run(["demo", "--home", str(copy), "--encoder", "toy"]) == 6
    assert "did not make" in capsys.readouterr().err


def test_rebuild_throws_nothing_away_for_a_feed_that_cannot_be_read(
    home: Path, feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    place = ["--home", str(copy), "--encoder", "toy", "--rebuild"]
    bare = tmp_path / "bare.csv"
    bare.write_text("a,b\n1,2\n")
    for arguments, code in (
        ([str(bare)], 2),
        ([str(feed), "--mapping", "nobody"], 2),
        ([str(feed), "--root", str(tmp_path / "none")], 4),
    ):
        assert run(["ingest", *arguments, *place]) == code
        assert _points(copy) == GOOD_ROWS
    capsys.readouterr()
    assert run(["ingest", str(feed), *place]) == 3
    assert f"points: {GOOD_ROWS} rebuilt" in capsys.readouterr().err
    assert _points(copy) == GOOD_ROWS


def _points(home: Path) -> int:
    with Container(Settings(home=home, encoder="toy")) as container:
        return container.index.count()


def test_doctor_takes_an_index_in_use_for_no_failure(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from engine.index.open import open_index
    from models.toy import ToyEncoder

    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    index = open_index(str(copy / "index"), ToyEncoder().encoder_id)
    try:
        assert run(["doctor", "--home", str(copy), "--encoder", "toy", "--json"]) == 0
    finally:
        index.close()
    checks = {each["name"]: each for each in _json(capsys)["checks"]}
    assert checks["index"]["status"] == "warn"
    assert "not looked at" in checks["index"]["message"]


def test_doctor_shows_every_setting_without_secrets_and_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOOKALIKE_CATALOGUE", "postgresql://shop:hunter2@db/shop")
    monkeypatch.setenv("LOOKALIKE_PORT", "8123")
    assert run(["doctor", "--home", "home", "--encoder", "toy", "--json"]) == 0
    checks = {check["name"]: check["message"] for check in _json(capsys)["checks"]}
    wanted = {f"settings.{name}" for name in Settings.model_fields} - {"settings.limits"}
    assert wanted | {f"limits.{name}" for name in Limits.model_fields} <= checks.keys()
    assert checks["settings.catalogue"] == "postgresql://shop:***@db/shop"
    assert checks["settings.port"] == "8123"
    assert checks["settings.index"] == "home/index"
    assert not (tmp_path / "home").exists()


def test_errors_as_json_and_their_exit_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(IndexUnavailable("away")) == 1
    assert exit_code(Overloaded("full")) == 7
    place = ["--home", str(tmp_path / "home"), "--encoder", "toy"]
    assert run(["ingest", str(tmp_path), *place, "--json"]) == 2
    printed = capsys.readouterr()
    error = json.loads(printed.out)["error"]
    assert error["code"] == "feed.is_folder"
    assert error["hint"]
    assert "is a folder" in printed.err


def test_what_is_piped_is_not_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    line = "word " * 100 + "end"
    stdout().print(line)
    assert capsys.readouterr().out == line + "\n"


def test_serving_beyond_this_machine_is_warned_of(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.commands.serve.run_server", lambda *_, **__: None)
    place = ["--home", str(home), "--encoder", "toy", "--port", "8017"]
    assert run(["serve", *place]) == 0
    assert "Warning" not in capsys.readouterr().err
    assert run(["serve", *place, "--host", "0.0.0.0"]) == 0
    assert "nobody has to log in" in capsys.readouterr().err


def test_ctrl_c_before_the_feed_says_what_it_leaves(
    feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Container) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Container, "_open_index", interrupted)
    place = ["--home", str(tmp_path / "home"), "--encoder", "toy"]
    assert run(["ingest", str(feed), *place]) == 130
    assert "Interrupted; nothing was changed." in capsys.readouterr().err


def test_an_index_of_another_catalogue_is_not_served(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def guarded(*_: object, **__: object) -> None:
        raise GuardTripped("the index belongs to another catalogue.")

    monkeypatch.setattr("engine.reconcile.reconcile", guarded)
    assert run(["serve", "--home", str(home), "--encoder", "toy", "--port", "8018"]) == 8
    assert "another catalogue" in capsys.readouterr().err
