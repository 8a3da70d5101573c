"""The composition root: settings in, real objects out.

Everything is built on first use and kept, so that a command pays only for what it touches.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from api.settings import Settings

if TYPE_CHECKING:
    from api.feed_uploads import FeedUploads
    from api.uploads import UploadStore
    from api.variants.jobs import VariantJobs
    from api.variants.worker import WorkerEvents
    from engine.blobs import BlobFolder
    from engine.catalogue.store import CatalogueStore
    from engine.look import LookService
    from engine.ports import AttributePredictor, Composer, DualEncoder, Renderer, VectorIndex
    from engine.query.lexicon import Lexicon
    from engine.reconcile import ReconcileReport
    from engine.search import SearchService
    from ingestion.jobs import IngestionJobs, OnFinished

T = TypeVar("T")


class Container:
    """Builds and closes the parts of a running Lookalike.

    Args:
        settings: Where things are.
        encoder: Used instead of the one that the settings name.
        renderers: Used instead of those that the settings and the weights allow.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        encoder: DualEncoder | None = None,
        renderers: Mapping[str, Renderer] | None = None,
    ) -> None:
        self.settings = settings
        self._lock = threading.RLock()
        self._built: dict[str, Any] = {}
        if encoder is not None:
            self._built["encoder"] = encoder
        if renderers is not None:
            self._built["renderers"] = renderers

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def encoder(self) -> DualEncoder:
        """Pictures and texts to vectors."""
        return self._once("encoder", self._load_encoder)

    @property
    def predictor(self) -> AttributePredictor | None:
        """Attributes from picture vectors: by the tagger made for the encoder, or by itself."""
        return self._once("predictor", self._load_predictor)

    @property
    def composer(self) -> Composer | None:
        """Reference and change to one vector, where one was trained for the encoder."""
        return self._once("composer", self._load_composer)

    @property
    def look(self) -> LookService | None:
        """Finds and names what is in pictures; ``None`` where the settings name no detector."""
        return self._once("look", self.build_look)

    @property
    def renderers(self) -> Mapping[str, Renderer]:
        """Name → what draws variants, loaded when it is looked up; the default first."""
        return self._once("renderers", self._build_renderers)

    @property
    def lexicon(self) -> Lexicon:
        """The words of fashion."""
        from engine.query.lexicon import default_lexicon

        return default_lexicon()

    @property
    def catalogue(self) -> CatalogueStore:
        """Products, embeddings and jobs."""
        return self._once("catalogue", self._open_catalogue)

    @property
    def index(self) -> VectorIndex:
        """The vectors."""
        return self._once("index", self._open_index)

    @property
    def blobs(self) -> BlobFolder:
        """The catalogue's pictures."""
        return self._once("blobs", self._open_blobs)

    @property
    def uploads(self) -> UploadStore:
        """Shoppers' pictures, until they expire."""
        return self._once("uploads", self._open_uploads)

    @property
    def feed_uploads(self) -> FeedUploads:
        """Feeds that were sent, until they are ingested."""
        return self._once("feed_uploads", self._open_feed_uploads)

    @property
    def search(self) -> SearchService:
        """The search service."""
        return self._once("search", self._build_search)

    def start_jobs(self, on_finished: OnFinished | None = None) -> IngestionJobs:
        """Start the ingestions that run behind the API; those left unfinished go on.

        Args:
            on_finished: Called after each one, in its thread.
        """
        return self._once("jobs", lambda: self._build_jobs(on_finished))

    @property
    def jobs(self) -> IngestionJobs:
        """Ingestions that run behind the API."""
        return self.start_jobs()

    def start_variants(self, events: WorkerEvents | None = None) -> VariantJobs:
        """Start to draw variants behind the API; those left unfinished go on.

        Args:
            events: Are told of what is drawn, in other threads.
        """
        return self._once("variants", lambda: self._start_variants(events))

    @property
    def variants(self) -> VariantJobs:
        """Variants that are drawn behind the API."""
        return self.start_variants()

    def reconcile(self) -> ReconcileReport:
        """Make the index agree with the catalogue, which is the source of truth.

        Done once for an opened index; after that this tells what was done then.
        """
        return self._once("reconciled", self._reconcile)

    def close(self) -> None:
        """Stop the jobs and close index and catalogue, in this order. Closing twice is fine."""
        for part in ("variants", "jobs", "index", "catalogue"):
            with self._lock:
                built = self._built.pop(part, None)
            # Not under the lock: a job that is waited for may still ask for a part.
            if built is not None:
                built.close()
        with self._lock:
            for part in ("search", "reconciled"):
                self._built.pop(part, None)

    def _once(self, part: str, build: Callable[[], T]) -> T:
        with self._lock:
            if part not in self._built:
                self._built[part] = build()
            return self._built[part]

    def _load_encoder(self) -> DualEncoder:
        from models.registry import load_encoder

        return load_encoder(self.settings.encoder)

    def _load_predictor(self) -> AttributePredictor | None:
        from models.attributes import predictor_for

        return predictor_for(self.encoder)

    def _load_composer(self) -> Composer | None:
        from models.composer import composer_for

        return composer_for(self.encoder.encoder_id)

    def build_look(self, *, threads: int | None = None) -> LookService | None:
        """Another `look`.

        Args:
            threads: Cores of its detector; all by default.
        """
        if self.settings.detector == "none":
            return None
        from api.look import build_look

        return build_look(
            self.encoder,
            predictor=self.predictor,
            lexicon=self.lexicon,
            detector=self.settings.detector,
            labels=self.settings.detector_labels,
            knowledge=self.settings.knowledge,
            threads=threads,
        )

    def _build_renderers(self) -> Mapping[str, Renderer]:
        from api.renderers import build_renderers

        return build_renderers(self)

    def _open_catalogue(self) -> CatalogueStore:
        from engine.catalogue.store import open_catalogue

        self._home()
        return open_catalogue(self.settings.catalogue_url)

    def _open_index(self) -> VectorIndex:
        from engine.index.open import open_index

        self._home()
        return open_index(self.settings.index_where, self.encoder.encoder_id)

    def _open_blobs(self) -> BlobFolder:
        from engine.blobs import BlobFolder

        self._home()
        return BlobFolder(self.settings.blobs_folder)

    def _open_uploads(self) -> UploadStore:
        from api.uploads import UploadStore

        limits = self.settings.limits
        return UploadStore(
            self.settings.uploads_folder,
            keep_s=limits.upload_hours * 3600,
            most_bytes=limits.upload_folder_bytes,
        )

    def _open_feed_uploads(self) -> FeedUploads:
        from api.feed_uploads import FeedUploads

        return FeedUploads(self.settings.uploaded_feeds_folder)

    def _build_search(self) -> SearchService:
        import gc

        from engine.search import SearchService

        service = SearchService(
            index=self.index,
            catalogue=self.catalogue,
            encoder=self.encoder,
            predictor=self.predictor,
            lexicon=self.lexicon,
            composer=self.composer,
        )
        # Vocabulary, models and tables stay as long as the process does; walking through them at
        # every collection costs a search milliseconds.
        gc.collect()
        gc.freeze()
        return service

    def _build_jobs(self, on_finished: OnFinished | None) -> IngestionJobs:
        from ingestion.jobs import IngestionJobs

        jobs = IngestionJobs(
            catalogue=self.catalogue,
            index=self.index,
            blobs=self.blobs,
            encoder=self.encoder,
            reports_folder=self.settings.reports_folder,
            predictor=self.predictor,
            look=self.look,
            lexicon=self.lexicon,
            on_finished=on_finished,
        )
        jobs.start()
        return jobs

    def _start_variants(self, events: WorkerEvents | None) -> VariantJobs:
        from api.variants.jobs import VariantJobs
        from api.variants.store import VariantFolder

        limits = self.settings.limits
        jobs = VariantJobs(
            catalogue=self.catalogue,
            renderers=self.renderers,
            folder=VariantFolder(self.settings.variants_folder),
            at_once=limits.variants_at_once,
            most_waiting=limits.variants_waiting,
            keep_s=limits.variant_hours * 3600,
            events=events,
        )
        jobs.start()
        return jobs

    def _reconcile(self) -> ReconcileReport:
        from engine.reconcile import reconcile

        return reconcile(self.catalogue, self.index, encoder_id=self.encoder.encoder_id)

    def _home(self) -> Path:
        self.settings.home.mkdir(parents=True, exist_ok=True)
        return self.settings.home
