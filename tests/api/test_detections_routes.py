"""What is in pictures, over HTTP and on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from api.cli import run
from engine.boxes import iou_matrix
from tests.api.pictures import encoded, garment

SAMPLES = Path(__file__).parents[2] / "data_samples"
WORN = SAMPLES / "images" / "P0001-2.webp"
"""Trousers that are sold, a shirt and boots, drawn and worn."""


def _true_box(label: str) -> list[float]:
    for line in (SAMPLES / "ground_truth.jsonl").read_text(encoding="utf-8").splitlines():
        held = json.loads(line)
        if held["file"] == f"images/{WORN.name}":
            wide, high = held["size_wh_px"]
            (box,) = [each["box_xyxy_px"] for each in held["garments"] if each["label"] == label]
            return [box[0] / wide, box[1] / high, box[2] / wide, box[3] / high]
    raise AssertionError(label)


def _overlap(box: list[float], other: list[float]) -> float:
    return float(iou_matrix(np.array([box]), np.array([other]))[0, 0])


def _upload(client: TestClient, data: bytes) -> str:
    answer = client.post("/v1/pictures", files={"picture": ("a.webp", data, "image/webp")})
    assert answer.status_code == 201, answer.text
    return answer.json()["picture"]


def _detect(client: TestClient, **request: Any) -> dict[str, Any]:
    answer = client.post("/v1/detections", json=request)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_things_of_a_picture_are_found_in_fractions_of_it(client: TestClient) -> None:
    name = _upload(client, WORN.read_bytes())
    (picture,) = _detect(client, pictures=[name])["pictures"]
    labels = {each["label"] for each in picture["boxes"]}
    assert {"bottom", "footwear"} <= labels
    bottom = next(each for each in picture["boxes"] if each["label"] == "bottom")
    assert _overlap(bottom["box"], _true_box("trousers")) > 0.6
    assert bottom["classes"]["bottom"] == bottom["score"] == max(bottom["classes"].values())
    assert all(0 <= side <= 1 for each in picture["boxes"] for side in each["box"])


def test_a_form_with_a_file_gives_the_same_as_an_upload(client: TestClient) -> None:
    sent = client.post(
        "/v1/detections", files={"picture": ("a.webp", WORN.read_bytes(), "image/webp")}
    )
    assert sent.status_code == 200, sent.text
    (picture,) = sent.json()["pictures"]
    assert "bottom" in {each["label"] for each in picture["boxes"]}


def test_a_product_is_looked_at_with_its_whole_gallery(client: TestClient) -> None:
    product = client.get("/v1/products/P01").json()
    assert len(_detect(client, like="P01")["pictures"]) == len(product["pictures"])


def test_nothing_to_look_at_is_refused_with_the_way_on(client: TestClient) -> None:
    answer = client.post("/v1/detections", json={})
    assert answer.status_code == 422
    assert "pictures" in answer.text
    unknown = client.post("/v1/detections", json={"like": "nobody"})
    assert unknown.status_code == 404
    many = client.post("/v1/detections", json={"pictures": ["upload:x"] * 9})
    assert many.status_code == 422


def test_a_box_of_a_picture_is_searched_with(client: TestClient) -> None:
    halves = [np.asarray(garment(colour)) for colour in ("red", "blue")]
    name = _upload(client, encoded(Image.fromarray(np.concatenate(halves))))
    colours: list[str] = []
    for box in ([0, 0, 1, 0.5], [0, 0.5, 1, 1]):
        answer = client.post("/v1/search", json={"picture": name, "box": box}).json()
        colours.append(
            next(
                each["value"]
                for each in answer["hits"][0]["product"]["attributes"]
                if each["name"] == "colour"
            )
        )
    assert colours == ["red", "blue"]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"like": "P01", "box": [0, 0, 1, 1]}, "there is none in `picture`"),
        ({"q": "dress", "shows": "dress"}, "there is none in `picture`"),
        ({"picture": "it", "box": [0, 0, 1]}, "four"),
        ({"picture": "it", "box": [0.5, 0, 0.5, 1]}, "left < right"),
        ({"picture": "it", "box": [0, 0, 1, 1], "shows": "spoon"}, "footwear"),
    ],
)
def test_a_bad_box_is_told_what_is_wrong(
    client: TestClient, request_: dict[str, Any], said: str
) -> None:
    if "picture" in request_:
        request_ = {**request_, "picture": _upload(client, encoded(garment("red")))}
    answer = client.post("/v1/search", json=request_)
    assert answer.status_code == 422, answer.text
    assert said in answer.text


def test_a_server_without_a_detector_says_so(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.container.Container.look", None)
    name = _upload(client, encoded(garment("red")))
    answer = client.post("/v1/detections", json={"pictures": [name]})
    assert answer.status_code == 503
    assert "yolo" in answer.text


def test_the_command_says_what_it_found_and_draws_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("supervision")
    arguments = ["detect", str(WORN), "--encoder", "toy", "--home", str(tmp_path / "home")]
    assert run([*arguments, "--json"]) == 0
    (picture,) = json.loads(capsys.readouterr().out)["pictures"]
    box = next(each for each in picture["boxes"] if each["label"] == "bottom")["box_xyxy_px"]
    wide, high = 360, 480
    fractions = [box[0] / wide, box[1] / high, box[2] / wide, box[3] / high]
    assert _overlap(fractions, _true_box("trousers")) > 0.6
    assert run([*arguments, "--overlay", str(tmp_path / "drawn")]) == 0
    told = capsys.readouterr().out
    assert "bottom" in told
    (drawn,) = (tmp_path / "drawn").iterdir()
    assert drawn.read_bytes().startswith(b"\x89PNG")
    assert run(["detect", str(tmp_path / "none.jpg"), "--encoder", "toy"]) == 4
