"""The child process of the kill test: ingests a feed and tells what is acknowledged."""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path

from engine.blobs import BlobFolder
from engine.catalogue.store import open_catalogue
from engine.index.open import open_index
from engine.query.lexicon import default_lexicon
from engine.reconcile import reconcile
from ingestion.options import IngestOptions
from ingestion.pipeline import ingest
from ingestion.tally import Progress
from models.toy import ToyEncoder

default_lexicon()  # once, before the processes fork


def run(folder: str, pipe: Connection) -> None:
    """Do what a start of the program does: open, reconcile, ingest."""
    home = Path(folder)
    encoder = ToyEncoder()
    catalogue = open_catalogue(str(home / "catalogue.sqlite"))
    index = open_index(str(home / "index"), encoder.encoder_id)

    def tell(progress: Progress) -> None:
        if progress.acknowledged:
            pipe.send(list(progress.acknowledged))

    pipe.send("open")
    reconcile(catalogue, index, encoder_id=encoder.encoder_id)
    ingest(
        home / "feed" / "feed.csv",
        options=IngestOptions(batch_products=16),
        catalogue=catalogue,
        index=index,
        blobs=BlobFolder(home / "blobs"),
        encoder=encoder,
        predictor=encoder,
        on_progress=tell,
    )
    index.close()
    pipe.send("done")
