from collections import Counter

import numpy as np

from data_samples.draw import render_training_set
from data_samples.draw.assortment import TYPES
from data_samples.draw.spec import sample_specs
from data_samples.draw.wording import title


def test_samples_have_the_size_asked_for_and_repeat_with_the_seed():
    first = list(render_training_set(6, 3, (48, 64)))
    second = list(render_training_set(6, 3, (48, 64)))
    other = list(render_training_set(6, 4, (48, 64)))
    assert len(first) == 6
    assert all(each.rgb.shape == (64, 48, 3) and each.rgb.dtype == np.uint8 for each in first)
    assert [each.rgb.tobytes() for each in first] == [each.rgb.tobytes() for each in second]
    assert [each.title for each in first] != [each.title for each in other]


def test_a_longer_set_starts_like_a_shorter_one():
    short, long = (list(render_training_set(count, 8, (36, 48))) for count in (3, 5))
    assert [each.rgb.tobytes() for each in short] == [each.rgb.tobytes() for each in long[:3]]


def test_labels_name_type_colour_and_gender():
    sample = next(iter(render_training_set(1, 0, (36, 48))))
    assert sample.labels["colour"] == sample.attributes.colour.title()
    assert sample.labels["gender"] in ("Women", "Men", "Unisex")
    assert sample.image is sample.rgb


def test_types_come_in_nearly_even_shares():
    designs = {spec.group_id: spec.product_type for spec in sample_specs(600, 5)}
    counts = Counter(designs.values())
    assert set(counts) == set(TYPES)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_most_titles_name_the_colour_and_all_name_brand_and_noun():
    specs = sample_specs(200, 6)
    titles = [title(spec) for spec in specs]
    named = [spec.colour.title() in text for spec, text in zip(specs, titles, strict=True)]
    assert 0.85 < np.mean(named) < 1.0
    for spec, text in zip(specs, titles, strict=True):
        assert text.startswith(spec.brand)
        assert len(text.split()) >= 3
