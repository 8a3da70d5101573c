"""Ultralytics without its network, its settings outside our folder and its chatter."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

__all__ = ["quiet_ultralytics"]


def quiet_ultralytics(folder: Path, *, threads: int) -> Any:
    """Import ultralytics so that it stays offline and writes below `folder` only.

    The first import decides, so call this before anybody else imports it.

    Args:
        folder: Gets its settings.
        threads: Of torch; left alone, ultralytics sets one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["YOLO_CONFIG_DIR"] = str(folder.resolve())
    os.environ["YOLO_OFFLINE"] = "1"  # else it asks public resolvers whether there is a network
    os.environ["YOLO_AUTOINSTALL"] = "false"
    os.environ.setdefault("YOLO_VERBOSE", "false")
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    import torch
    import ultralytics
    import ultralytics.data.utils
    import ultralytics.utils.patches
    import ultralytics.utils.torch_utils
    from PIL import Image
    from ultralytics.utils import SETTINGS

    # Each training run sets torch to one core less than there are.
    setattr(ultralytics.utils.torch_utils, "NUM_THREADS", threads)  # noqa: B010
    torch.set_num_threads(threads)
    # It puts its own in the place of Pillow's for the whole process, which would install packages.
    opened = getattr(ultralytics.utils.patches, "_image_open", Image.open)
    setattr(Image, "open", opened)  # noqa: B010
    SETTINGS.update({"sync": False, "runs_dir": str(folder / "runs")})
    # With every data set it looks for a font to draw with, over the network if need be.
    setattr(ultralytics.data.utils, "check_font", lambda *_, **__: None)  # noqa: B010
    logging.getLogger("ultralytics").setLevel(logging.WARNING)
    return ultralytics
