"""Choosing who draws, and the figures of the load bench."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from api.benchmarks.variants_load import Load, load_figures
from api.container import Container
from api.settings import load_settings
from api.variants.engines import Engines, choose_engine
from engine.errors import InvalidInput, ModelUnavailable
from engine.ports import Renderer
from tests.dyes import DyeingRenderer


def broken() -> Renderer:
    raise ModelUnavailable("the weights are not there", hint="train them")


def test_the_first_that_can_be_had_is_the_default():
    engines = Engines({"large": broken, "small": lambda: DyeingRenderer("small")})
    assert list(engines) == ["large", "small"]
    assert choose_engine(engines).name == "small"
    assert choose_engine(engines, "small") is choose_engine(engines), "loaded twice"


def test_one_that_is_there_in_name_alone_says_so():
    with pytest.raises(ModelUnavailable, match="the weights are not there"):
        choose_engine(Engines({"large": broken}), "large")
    with pytest.raises(ModelUnavailable, match="the weights are not there"):
        choose_engine(Engines({"large": broken}))
    with pytest.raises(ModelUnavailable, match="no engine"):
        choose_engine({})


def test_an_unknown_one_is_told_the_known_ones():
    with pytest.raises(InvalidInput, match="large, small"):
        choose_engine(Engines({"large": broken, "small": broken}), "gan")


def test_what_failed_to_load_is_tried_again():
    left = [True]

    def loads() -> Renderer:
        if left.pop() if left else False:
            raise ModelUnavailable("not yet")
        return DyeingRenderer("late")

    engines = Engines({"late": loads})
    with pytest.raises(ModelUnavailable, match="not yet"):
        choose_engine(engines)
    assert choose_engine(engines).name == "late"


def test_while_one_is_loaded_the_others_draw():
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> Renderer:
        begun.set()
        go_on.wait(60)
        return DyeingRenderer("large")

    engines = Engines({"large": slow, "small": lambda: DyeingRenderer("small")})
    found: list[Renderer] = []
    loading = threading.Thread(target=lambda: found.append(engines["large"]))
    loading.start()
    assert begun.wait(60)
    asking = threading.Thread(target=lambda: found.append(engines["small"]), daemon=True)
    asking.start()
    asking.join(10)
    assert [each.name for each in found] == ["small"], "it waits for another engine"
    go_on.set()
    loading.join(60)
    assert [each.name for each in found] == ["small", "large"]


def test_to_know_a_name_loads_nothing():
    engines = Engines({"large": broken})
    assert "large" in engines
    assert "gan" not in engines


def test_figures_of_a_load():
    load = Load(
        before_ms=[10.0] * 50,
        during_ms=[15.0] * 60,
        submit_ms=[5.0] * 4,
        job_s=[2.0, 4.0, 6.0],
        outcomes=["done", "done", "done", "refused"],
        retry_after_s=[3],
    )
    found = {(each.metric, each.arm, each.condition): each.value for each in load_figures(load)}
    assert found["ms_p95", "search", "before"] == 10
    assert found["ms_p95", "search", "during"] == 15
    assert found["ratio", "during/before", "search p95"] == pytest.approx(1.5)
    assert found["seconds", "job", "during"] == 4
    assert found["requests", "refused", "during"] == 1
    assert found["requests", "done", "during"] == 3


def test_a_model_that_is_named_and_not_there_leaves_the_small_engine(tmp_path: Path):
    pytest.importorskip("diffusers", reason="needs the extra [models]")
    settings = load_settings(
        home=tmp_path, encoder="toy", detector="none", variants_model=str(tmp_path / "sd-turbo")
    )
    with Container(settings) as container:
        assert list(container.renderers) == ["small", "sd-turbo"]
        with pytest.raises(ModelUnavailable, match="sd-turbo"):
            choose_engine(container.renderers, "sd-turbo")
        assert choose_engine(container.renderers).name == "small"
