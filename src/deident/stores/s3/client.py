"""One boto3 client for each store, shared by its threads."""

from __future__ import annotations

import functools
import logging
import threading
from typing import Any, Final, Protocol

from deident.errors import PlaceProblem
from deident.stores.s3.problems import safe_call
from deident.stores.s3.settings import S3Settings

__all__ = ["Session", "assume_role", "make_client", "new_session", "service_client", "usual_session"]

#: Below these levels their records quote keys, headers and bodies.
_LEVELS: Final = {
    "boto3": logging.WARNING,
    "botocore": logging.WARNING,
    "urllib3.connection": logging.ERROR,
    "urllib3.connectionpool": logging.ERROR,
}


class Session(Protocol):
    """A boto3 session, for callers that have credentials of their own (a credential block of the flow, say)."""

    def client(self, service_name: str, **kwargs: Any) -> Any: ...


#: boto3's sessions are not thread safe while they make a client, and several stores may share one.
_making: Final = threading.RLock()


def usual_session(profile: str | None = None) -> Session:
    """A session that finds credentials by the usual means. Raises what boto3 raises."""
    import boto3  # noqa: PLC0415 - 0.4 s, for those who use S3
    from botocore.session import Session as Core  # noqa: PLC0415

    core = Core(profile=profile)
    session: Session = boto3.session.Session(botocore_session=core)
    _share_models(core)
    return session


#: The same for stores: raises PlaceProblem.
new_session: Final = safe_call(usual_session)


def _share_models(core: Any) -> None:
    """Let a session of botocore's use the service models that others of this process have read: 13 MB, and 0.06 s, each."""
    core.register_component("data_loader", _loader(core.get_config_variable("data_path")))


@functools.lru_cache(maxsize=4)
def _loader(search_path: str | None) -> Any:
    from botocore.loaders import create_loader  # noqa: PLC0415 - as above

    return create_loader(search_path)


@safe_call
def assume_role(base: Any, role: str, profile: str | None = None) -> Session:
    """A session with the rights of a role, which `base` (boto3's) may assume; asked for when needed, and again in time.

    The profile is that of `base`: what it says of endpoints holds here, too. Raises PlaceProblem without credentials.
    """
    import boto3  # noqa: PLC0415 - as above
    from botocore import credentials  # noqa: PLC0415
    from botocore.session import Session as Core  # noqa: PLC0415

    source = base.get_credentials()
    if source is None:
        raise PlaceProblem("there are no AWS credentials by which to assume a role")

    sts = functools.partial(service_client, base)
    fetcher = credentials.AssumeRoleCredentialFetcher(sts, source, role, {"RoleSessionName": "deident"})

    class Provider(credentials.CredentialProvider):  # type: ignore[misc,unused-ignore]
        METHOD = "assume-role"

        def load(self) -> Any:
            return credentials.DeferredRefreshableCredentials(fetcher.fetch_credentials, self.METHOD)

    core = Core(profile=profile)
    core.register_component("credential_provider", credentials.CredentialResolver([Provider()]))
    session: Session = boto3.session.Session(botocore_session=core, region_name=base.region_name)
    _share_models(core)
    return session


def service_client(session: Session, service: str, **options: Any) -> Any:
    """A client of a session that other threads may share. Raises what boto3 raises."""
    with _making:
        return session.client(service, **options)


@safe_call
def make_client(settings: S3Settings, session: Session | None = None) -> Any:
    """A client with explicit retries, timeouts and checksums. Raises PlaceProblem for an unknown profile or no region."""
    from botocore.config import Config  # noqa: PLC0415 - loaded with the client

    for name, level in _LEVELS.items():
        logger = logging.getLogger(name)
        if logger.getEffectiveLevel() < level:
            logger.setLevel(level)
    config = Config(
        retries={"mode": settings.retry_mode, "total_max_attempts": settings.max_attempts},
        max_pool_connections=settings.max_pool_connections,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        tcp_keepalive=True,
        request_checksum_calculation="when_supported",
        response_checksum_validation="when_supported",
        user_agent_extra="deident",
    )
    if session is None:
        session = new_session(settings.profile)
    return service_client(session, "s3", endpoint_url=settings.endpoint_url, region_name=settings.region, config=config)
