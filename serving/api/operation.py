"""For operators: is it alive, is it ready, what does it count, what does it serve."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field

from serving.api.problems import PLAIN, UNREADY
from serving.api.services import ServicesOf

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """It is well."""

    status: Literal["ok"] = "ok"


class Served(BaseModel):
    """What judges at the moment."""

    name: Literal["champion"] = "champion"
    version: str = Field(description="Version of the bundle, or `rules only`.", examples=["3"])
    digest: str = Field(description="Digest of the bundle, or `rules only`.", examples=["rules only"])
    parameters: str = Field(description="Version of the parameters.")
    feature_schema: str = Field(description="Version of the features.")


class Models(BaseModel):
    """The models that are served."""

    champion: Served


@router.get("/health/live", responses=PLAIN, summary="Is the web process alive?")
def live() -> Health:
    """Answer, which is all there is to it."""
    return Health()


@router.get("/health/ready", responses=UNREADY, summary="Can requests be served?")
def ready(services: ServicesOf) -> Health:
    """Answer ok if the store is reachable and the engine answers; a problem that says which does not, otherwise."""
    services.store.check()
    services.engine.status()
    return Health()


@router.get("/metrics", responses=PLAIN, summary="Metrics for Prometheus", response_class=Response)
def metrics(services: ServicesOf) -> Response:
    """Return the metrics in Prometheus' text format."""
    return Response(services.metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/models", responses=PLAIN, summary="What judges at the moment")
def models(services: ServicesOf) -> Models:
    """Return the promoted bundle, or `rules only`, and the versions that scores depend on."""
    scorer = services.scorer
    served = Served(
        version=scorer.version, digest=scorer.digest, parameters=scorer.parameters, feature_schema=scorer.feature_schema
    )
    return Models(champion=served)
