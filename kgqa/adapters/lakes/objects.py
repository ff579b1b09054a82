"""A prefix of an object store, or a folder of HDFS, as a lake, by fsspec.

Credentials come from the environment as each library reads it, or from KGQA_LAKES__OPTIONS. They stay out of URIs,
so of everything that is stored; and errors say what went wrong by its code, because texts of libraries may hold them.
"""

from __future__ import annotations

import errno
import json
import re
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from urllib.parse import quote, urlsplit

import fsspec

from kgqa.adapters.lakes.folder import SETTLED_SECONDS
from kgqa.errors import ConfigurationError, DependencyUnavailable, InvalidInput, KgqaError, NotFound
from kgqa.model.document import LakeFile

#: what is missing where a scheme cannot be opened
SCHEMES = {
    "s3": "install s3fs",
    "az": "install kgqa[azure] (docs/lakes.md)",
    "abfs": "install kgqa[azure] (docs/lakes.md)",
    "abfss": "install kgqa[azure] (docs/lakes.md)",
    "hdfs": "install Hadoop's client and set JAVA_HOME, HADOOP_HOME and CLASSPATH for it (docs/lakes.md)",
}
#: one request for an object, so that all its bytes are of one version; and no minutes of waiting for a server
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "s3": {
        "max_concurrency": 1,
        "config_kwargs": {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 3}},
    }
}
_BUCKET = re.compile(r"[^:@]+")
#: container, or container@account, or host, with a port; a user may be named, but no password
_HOST = re.compile(r"[^:@]+(@[^:@]+)?(:\d+)?")
_TIMES = ("LastModified", "last_modified", "mtime", "modified", "created")
#: exceptions of the libraries that say that there are no credentials, or not usable ones
_LOGINS = {
    "ClientAuthenticationError", "CredentialUnavailableError", "NoCredentialsError", "PartialCredentialsError",
    "ProfileNotFound", "TokenRetrievalError", "UnauthorizedSSOTokenError",
}  # fmt: skip


def scheme_of(source: str) -> str:
    """The scheme of a URI; empty for a path.

    >>> scheme_of("s3://bucket/lake"), scheme_of("C:/lake"), scheme_of("lake")
    ('s3', '', '')
    """
    scheme = urlsplit(source).scheme
    return scheme if len(scheme) > 1 else ""


def open_objects(source: str, options: str) -> ObjectLake:
    """The lake at a URI. `options`: JSON, by scheme what fsspec opens it with. Raises InvalidInput, ConfigurationError.

    Asks no server.
    """
    scheme = scheme_of(source)
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise InvalidInput(f"Sources of the kind {scheme}: are not read.", hint=f"name a folder, or {known}.")
    place = urlsplit(source).netloc
    if "?" in source or (place and not (_BUCKET if scheme == "s3" else _HOST).fullmatch(place)):
        raise InvalidInput(
            f"A {scheme}:// source has no credentials and no `?` in it; it would be stored with the documents.",
            hint="give credentials by the environment or by KGQA_LAKES__OPTIONS (docs/lakes.md).",
        )
    if "::" in source or not place:
        raise InvalidInput(f"{source!r} names no bucket.", hint=f"write {scheme}://BUCKET/PREFIX.")
    try:
        fsspec.get_filesystem_class(scheme)
    except ImportError:
        raise _not_here(scheme) from None
    return ObjectLake(uri=source.rstrip("/"), options={**_DEFAULTS.get(scheme, {}), **_options(options, scheme)})


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectLake:
    """Objects below a URI; the key is what follows the prefix and `/`."""

    uri: str
    #: what fsspec opens it with, credentials included
    options: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

    def files(self) -> Iterator[LakeFile]:
        """Objects by key, from one listing that asks for nothing else. See `ports.Lake`."""
        now = time.time()
        with self._asking() as (system, root):
            # stores with requests list flat or raise; a walk of folders would leave out those that it cannot open
            strict = {} if system.async_impl else {"on_error": "raise"}
            found = cast("dict[str, dict[str, Any]]", system.find(root, detail=True, **strict))
            if not found:
                raise FileNotFoundError
        if root in found:
            raise InvalidInput(f"{self.uri} is an object.", hint="name the prefix that the documents are below.")
        for name, about in sorted(found.items()):
            key = name.removeprefix(f"{root}/").replace("\0", "\ufffd")
            if name.endswith("/") or any(part.startswith(("_", ".")) for part in key.split("/")):
                continue
            yield LakeFile(
                key=key,
                uri=f"{self.uri}/{quote(key)}",
                path=name.encode(),
                size=int(about.get("size") or 0),
                mark=_mark(about, now),
            )

    def read(self, path: bytes) -> bytes:
        """The bytes of an object. Raises OSError for this one, DependencyUnavailable when the store is the problem."""
        with self._asking() as (system, root):
            try:
                return system.cat_file(path.decode())
            except FileNotFoundError:
                refused = FileNotFoundError(errno.ENOENT, "it is not there any more")
            except PermissionError as problem:
                system.info(root)  # raises where it is not this object alone
                refused = PermissionError(errno.EACCES, f"the store refuses it ({_code(problem)})")
        raise refused

    def beside(self, name: str) -> bytes | None:
        """An object directly below the prefix, or None. Raises as `files` does."""
        with self._asking() as (system, root):
            try:
                return system.cat_file(f"{root}/{name}")
            except FileNotFoundError:
                system.info(root)
                return None

    @contextmanager
    def _asking(self) -> Generator[tuple[Any, str]]:
        """The file system and the prefix in it; what goes wrong with it inside the block is raised as a KgqaError."""
        try:
            system, root = fsspec.url_to_fs(self.uri, **self.options)
            system.invalidate_cache()
            yield system, root.rstrip("/")
        except KgqaError:
            raise
        except Exception as problem:  # noqa: BLE001 - whatever the library of this scheme raises
            raise self._refusal(problem) from None

    def _refusal(self, problem: Exception) -> KgqaError:
        code, status = _code(problem), _status(problem)
        if isinstance(problem, FileNotFoundError):
            return NotFound(
                f"There is nothing at {self.uri} ({code}). Nothing was changed.",
                hint="check the names of bucket and prefix; `kgqa delete --source URI` deletes what came from it.",
            )
        if isinstance(problem, PermissionError) or type(problem).__name__ in _LOGINS or status in (401, 403):
            return ConfigurationError(
                f"{self.uri} refuses the credentials, or there are none ({code}). Nothing was changed.",
                hint="set those of the library (AWS_ACCESS_KEY_ID, AWS_PROFILE, AZURE_STORAGE_CONNECTION_STRING) or "
                "KGQA_LAKES__OPTIONS (docs/lakes.md); listing and reading must be allowed.",
            )
        if "Unable to load lib" in str(problem):  # what pyarrow says where Java or Hadoop are not found
            return _not_here(scheme_of(self.uri))
        if isinstance(problem, TypeError | ValueError | ImportError) or 300 <= status < 500:
            return ConfigurationError(
                f"{self.uri} cannot be opened as it is configured ({code}). Nothing was changed.",
                hint="check region, endpoint and account in the environment or KGQA_LAKES__OPTIONS (docs/lakes.md).",
            )
        return DependencyUnavailable(
            f"{self.uri} does not answer ({code}). Nothing was changed.",
            hint="check the network and the endpoint; running the command again goes on.",
        )


def _not_here(scheme: str) -> ConfigurationError:
    return ConfigurationError(f"{scheme}:// needs software that is not installed.", hint=f"{SCHEMES[scheme]}.")


def _options(text: str, scheme: str) -> Mapping[str, Any]:
    try:
        options: Any = json.loads(text or "{}")
        found = options.get(scheme, options.get("abfs", {}) if scheme in ("az", "abfss") else {})
        return {str(name): value for name, value in found.items()}
    except (ValueError, AttributeError):
        raise ConfigurationError(
            "KGQA_LAKES__OPTIONS is not JSON of the form {scheme: {option: value}}.",
            hint='write {"s3": {"endpoint_url": "...", "key": "...", "secret": "..."}}.',
        ) from None


def _mark(about: Mapping[str, Any], now: float) -> str:
    etag = about.get("ETag") or about.get("etag") or ""
    changed = next((about[name] for name in _TIMES if about.get(name) is not None), "")
    seconds = changed.timestamp() if isinstance(changed, datetime) else changed
    if not etag and (not isinstance(seconds, int | float) or now - seconds < SETTLED_SECONDS):
        return ""
    return f"{etag} {changed}"


def _reply(problem: BaseException) -> Mapping[str, Any]:
    """What an S3 server said, where the problem comes from a reply."""
    for known in (problem, problem.__cause__, problem.__context__):
        if isinstance(reply := getattr(known, "response", None), dict):
            return cast("dict[str, Any]", reply)
    return {}


def _code(problem: BaseException) -> str:
    reply = _reply(problem).get("Error", {})
    return str(reply.get("Code") or getattr(problem, "error_code", None) or type(problem).__name__)


def _status(problem: BaseException) -> int:
    status = _reply(problem).get("ResponseMetadata", {}).get("HTTPStatusCode") or getattr(problem, "status_code", 0)
    return status if isinstance(status, int) else 0
