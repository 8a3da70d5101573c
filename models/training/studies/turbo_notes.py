"""The protocol of a run of the study, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from models.training.studies.turbo_judge import CrossJudge
from models.training.studies.turbo_prompts import Prompts
from models.training.studies.turbo_settings import ARMS, Mode, TurboSizes
from models.training.variants.flow import GUIDANCE

__all__ = ["notes_of"]


def notes_of(
    judge: CrossJudge,
    asked: Mapping[Mode, Prompts],
    sizes: TurboSizes,
    steps: Mapping[str, int],
) -> tuple[str, ...]:
    """What the figures stand on.

    Args:
        judge: Of attributes.
        asked: Prompts of each mode.
        sizes: Of the run.
        steps: Stage → steps that its checkpoint has done.
    """
    counts = {
        mode: (len(prompts), sum(each.held_out for each in prompts))
        for mode, prompts in asked.items()
    }
    dear = ", ".join(name for name, arm in ARMS.items() if arm.dear)
    facets = ", ".join(f"{facet.value} {len(held)}" for facet, held in judge.values.items())
    trained = ", ".join(f"{stage} {count:,}" for stage, count in steps.items())
    return (
        f"Checkpoints by steps: {trained}. The generator was trained once, with one seed: "
        "intervals resample prompts and say nothing of another training.",
        f"words: {counts['words'][0]} products of the test split as they are described, "
        f"{counts['words'][1]} of them of a type and colour that training never saw together "
        f"(held-out); changed: {counts['changed'][0]} with the structure of the product's own "
        f"picture and another colour or pattern, {counts['changed'][1]} of them to such a pair. "
        "Products with sharp pictures first. The bank is the train split, held-out pairs in it; "
        "the product itself and its namesakes are left out.",
        f"{sizes.seeds} noise seeds of each prompt, the same in all arms; {dear}: the first "
        "alone. A prompt's value is the mean over its seeds, and a gain is over the seeds that "
        "both arms have.",
        f"teacher-50: {sizes.teacher_steps} steps, guidance {GUIDANCE:g}, two calls of the UNet "
        "a step. slerp: w = 0.8. adapter: k = 1, λ the captions' cosine. adapter-random: "
        "another product's features under the nearest one's λ. lora-only: decoder changes "
        "trained the same way without retrieval. oracle-w: the slerp whose w the judge likes "
        "best for each picture, a bound and no method. real: the product's own picture, "
        "autoencoder: its reconstruction; in changed they show what was there before the "
        "change.",
        "attributes: share of a prompt's attributes that the judge finds, one question each, "
        f"where it knows the value (values: {facets}). marked-pattern: where the pattern is not "
        "plain. change: the changed attribute alone. The judge has learned from val and the "
        "other half of test, real and reconstructed, over ImageNet features and histograms of "
        "colours, never from a picture that the generator learned from. type and colour are the "
        "feed's; sleeve, neck, material and most patterns are the served tagger's guesses where "
        "it is sure. type-served, colour-served: by the tagger that ships, which has learned "
        "from the generator's training pictures.",
        "delta-e: the cloth's commonest colour inside the drawn outline (changed: the "
        "reference's) to the named colour's typical shade, 100 × Oklab. cosine: picture with "
        f"caption, by compact. frechet: to the prompts' own products in {sizes.axes} leading "
        "axes of compact's vectors (times 100), corrected for few pictures by the bootstrap. "
        "outline-iou, edge-distance (chamfer distance of edges inside, where folds are kept), "
        "outside-delta-e: to the reference.",
        "ms_p50: prompt to pixels on one thread of ONNX Runtime, a picture; one-step and four-step "
        "by a graph without hooks; hooks-idle: the served graph with nothing retrieved; "
        "adapter-given: retrieval not counted; adapter-merged: decoder changes merged into the "
        "weights, no slerp, which nothing serves. retrieval: exact, over captions in memory.",
    )
