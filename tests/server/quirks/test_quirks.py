"""Quirks: each is a switch of its own, changes what it says it changes, and leaves the rest as it was."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regtutor.backends.opening import open_registry
from regtutor.errors import ServerError
from regtutor.protocol.digests import parse
from regtutor.protocol.media_types import (
    DOCKER_CONFIG,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_FOREIGN,
    OCI_INDEX,
    OCI_MANIFEST,
)
from regtutor.server.app import HANDLERS, App
from regtutor.server.http import Head
from regtutor.server.quirks.documentation import page
from regtutor.server.quirks.quirk import VERSIONS
from regtutor.server.quirks.table import PROFILES, QUIRKS, chosen
from regtutor.server.quirks.wrapping import EVERY
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest, faults, image_manifest

DOCS = Path(__file__).parents[3] / "docs"
HELLO = digest(b"hello")
HELLO_512 = digest(b"hello", "sha512")
NOWHERE = digest(b"nowhere")


def status(registry: Inline, method: str, target: str, body: bytes = b"", **headers: str) -> int:
    return registry.ask(method, target, body, **headers).status


def session(registry: Inline, *chunks: bytes) -> list[str]:
    """A session's Locations, from the first on."""
    locations = [registry.start("a/b")]
    for chunk in chunks:
        location = registry.ask("PATCH", locations[-1], chunk).header("Location") or ""
        locations.append(location.removeprefix("http://r.example:5000"))
    return locations


def docker_image(registry: Inline) -> tuple[str, bytes]:
    """The digest and the bytes of a Docker manifest that v1 points to."""
    registry.push_blob("a/b", b"{}")
    config = {"mediaType": DOCKER_CONFIG, "digest": digest(b"{}"), "size": 2}
    data = json.dumps({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": config, "layers": []}).encode()
    assert status(registry, "PUT", "/v2/a/b/manifests/v1", data, Content_Type=DOCKER_MANIFEST) == 201
    return digest(data), data


def docker_list(registry: Inline, architecture: str = "amd64") -> str:
    """The digest of the manifest in a Docker list that ``list`` points to."""
    child, data = docker_image(registry)
    platform = {"os": "linux", "architecture": architecture}
    entry = {"mediaType": DOCKER_MANIFEST, "digest": child, "size": len(data), "platform": platform}
    body = json.dumps({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": [entry]}).encode()
    assert status(registry, "PUT", "/v2/a/b/manifests/list", body, Content_Type=DOCKER_LIST) == 201
    return child


def oci(registry: Inline, method: str, reference: str, **headers: str) -> Any:
    """What is answered for a manifest of an image that v1 points to."""
    manifest = registry.push_image("a/b", "v1", b"{}", b"layer")
    filled = {name: value.format(digest=digest(manifest)) for name, value in headers.items()}
    return registry.ask(method, f"/v2/a/b/manifests/{reference}", **filled)


def _paths_folded(r: Inline) -> object:
    answer = r.ask("GET", "/v2//a/./b/tags/list?n=1")
    return answer.status, answer.header("Location")


def _missing_slash_redirects(r: Inline) -> object:
    answer = r.ask("POST", "/v2/a/b/blobs/uploads?mount=x")
    return answer.status, answer.header("Location")


def _no_referrers_api(r: Inline) -> object:
    r.push_blob("a/b", b"{}")
    subject = {"mediaType": OCI_MANIFEST, "digest": NOWHERE, "size": 1}
    manifest = image_manifest(b"{}", subject=subject)
    put = r.ask("PUT", "/v2/a/b/manifests/v1", manifest, Content_Type=OCI_MANIFEST)
    return status(r, "GET", f"/v2/a/b/referrers/{NOWHERE}"), put.status, put.header("OCI-Subject") is not None


def _unknown_paths(r: Inline) -> object:
    targets = ("/v2/A/tags/list", "/v2/a/manifests/-v1", "/v2/a/b/nothing")
    return [(r.ask("GET", target).status, r.ask("GET", target).header("Content-Type")) for target in targets]


def _long_names(r: Inline) -> object:
    return status(r, "GET", f"/v2/{'n' * 256}/tags/list"), status(r, "GET", f"/v2/{'n' * 255}/tags/list")


def _single_post(r: Inline) -> object:
    posted = r.ask("POST", f"/v2/a/b/blobs/uploads/?digest={HELLO}", b"hello")
    return posted.status, status(r, "HEAD", f"/v2/a/b/blobs/{HELLO}")


def _state_first(r: Inline) -> object:
    return faults(r.ask("PUT", f"{session(r)[0]}?digest={HELLO}", b"hello"))[0]["code"]


def _bare(r: Inline) -> object:
    answer = r.ask("PATCH", session(r, b"hel")[0], b"lo")
    return answer.status, faults(answer)[0]["code"], answer.header("Location") is not None


def _status_without_state(r: Inline) -> object:
    return status(r, "GET", session(r, b"hel")[1].partition("?")[0])


def _stale_not_found(r: Inline) -> object:
    first, latest = session(r, b"hel")
    answers = [status(r, method, first) for method in ("PATCH", "GET", "HEAD", "DELETE")]
    return answers, status(r, "GET", latest)


def _stale_cancels_nothing(r: Inline) -> object:
    first, latest = session(r, b"hel")
    return status(r, "DELETE", first), status(r, "DELETE", latest)


def _content_range(method: str, text: str, **headers: str) -> Callable[[Inline], object]:
    def ask(r: Inline) -> object:
        location = session(r, b"hel")[1]
        target = f"{location}&digest={HELLO}" if method == "PUT" else location
        answer = r.ask(method, target, b"lo", Content_Range=text, **headers)
        return answer.status, answer.header("Range")

    return ask


def _refused_bytes(r: Inline) -> object:
    latest = session(r, b"hello")[-1]
    refused = status(r, "PUT", f"{latest}&digest={NOWHERE}")
    return refused, status(r, "GET", latest), status(r, "PUT", f"{latest}&digest={HELLO}")


def _by_sha256(r: Inline) -> object:
    put = r.ask("PUT", f"{r.start('a/b')}&digest={HELLO_512}", b"hello")
    head = r.ask("HEAD", f"/v2/a/b/blobs/{HELLO_512}")
    found = status(r, "GET", f"/v2/a/b/blobs/{HELLO}")
    return [answer.header("Docker-Content-Digest") for answer in (put, head)], found


def _ranges(*texts: str) -> Callable[[Inline], object]:
    def ask(r: Inline) -> object:
        target = f"/v2/a/b/blobs/{r.push_blob('a/b', b'hello')}"
        return [status(r, "GET", target, Range=text) for text in texts]

    return ask


def _not_modified(r: Inline) -> object:
    answer = oci(r, "GET", "v1", Accept=OCI_MANIFEST, If_None_Match='"{digest}"')
    return answer.status, answer.header("Etag") is not None


def _if_none_match(r: Inline) -> object:
    asked = ("{digest}", '"{digest}"', 'W/"{digest}"', '"x", "{digest}"')
    return [oci(r, "GET", "v1", Accept=OCI_MANIFEST, If_None_Match=value).status for value in asked]


def _oci_named(r: Inline) -> object:
    return [oci(r, "GET", "v1", Accept=accept).status for accept in ("*/*", "", OCI_INDEX, f"{OCI_MANIFEST};q=0.5")]


def _lists(*accepts: str) -> Callable[[Inline], object]:
    def ask(r: Inline) -> object:
        child = docker_list(r)
        answers = [r.ask("GET", "/v2/a/b/manifests/list", Accept=accept) for accept in accepts]
        return [
            (answer.status, answer.header("Docker-Content-Digest") == child if answer.status == 200 else None)
            for answer in answers
        ]

    return ask


def _docker_by_digest(r: Inline) -> object:
    name, _ = docker_image(r)
    return [status(r, "GET", f"/v2/a/b/manifests/{reference}", Accept=OCI_MANIFEST) for reference in (name, "v1")]


def _bad_digests(r: Inline) -> object:
    body = image_manifest(b"{}")
    put = status(r, "PUT", "/v2/a/b/manifests/sha256:hello", body, Content_Type=OCI_MANIFEST)
    return status(r, "GET", "/v2/a/b/manifests/sha256:hello"), put


def _blobs_as_manifests(r: Inline) -> object:
    return status(r, "GET", f"/v2/a/b/manifests/{r.push_blob('a/b', b'hello')}")


def _large(r: Inline) -> object:
    length = str(r.app.settings.max_manifest_size + 1)
    return status(r, "PUT", "/v2/a/b/manifests/v1", b"x", Content_Type=OCI_MANIFEST, Content_Length=length)


def _by_sha256_only(r: Inline) -> object:
    r.push_blob("a/b", b"{}")
    data = image_manifest(b"{}")
    return status(r, "PUT", f"/v2/a/b/manifests/{digest(data, 'sha512')}", data, Content_Type=OCI_MANIFEST)


def _urls(r: Inline) -> object:
    r.push_blob("a/b", b"{}")
    layer = {"mediaType": OCI_FOREIGN, "digest": NOWHERE, "size": 1, "urls": ["https://example.invalid/layer"]}
    answer = r.ask("PUT", "/v2/a/b/manifests/v1", image_manifest(b"{}", layers=[layer]), Content_Type=OCI_MANIFEST)
    codes = [] if answer.status == 201 else [fault["code"] for fault in faults(answer)]
    return answer.status, codes, status(r, "HEAD", "/v2/a/b/manifests/v1")


def _delete_takes_blobs(r: Inline) -> object:
    name = r.push_blob("a/b", b"hello")
    return status(r, "DELETE", f"/v2/a/b/manifests/{name}"), status(r, "HEAD", f"/v2/a/b/blobs/{name}")


def _tags(query: str, *tags: str) -> Callable[[Inline], object]:
    def ask(r: Inline) -> object:
        for tag in tags:
            r.push_image("a/b", tag, b"{}")
        answer = r.ask("GET", f"/v2/a/b/tags/list{query}")
        assert isinstance(answer.body, bytes)
        return json.loads(answer.body)["tags"], answer.header("Link") is not None

    return ask


def _all_tags(r: Inline) -> object:
    tags, more = _tags("?n=1&last=x", "b", "a")(r)  # type: ignore[misc]
    return sorted(tags), more


def _known_by_tags(r: Inline) -> object:
    r.push_blob("a/b", b"hello")
    untagged = status(r, "GET", "/v2/a/b/tags/list")
    r.push_image("a/b", "v1", b"{}")
    assert status(r, "DELETE", f"/v2/a/b/manifests/{digest(image_manifest(b'{}'))}") == 202
    body = r.ask("GET", "/v2/a/b/tags/list").body
    assert isinstance(body, bytes)
    return untagged, json.loads(body)["tags"]


def _bad_n(r: Inline) -> object:
    r.push_image("a/b", "v1", b"{}")
    return faults(r.ask("GET", "/v2/a/b/tags/list?n=two"))[0]["code"]


def _catalog(query: str) -> Callable[[Inline], object]:
    return lambda r: status(r, "GET", f"/v2/_catalog{query}")


def _hundreds(r: Inline) -> object:
    for number in range(101):
        r.app.store.link_blob(f"r{number:03}", parse(HELLO))
    answer = r.ask("GET", "/v2/_catalog")
    assert isinstance(answer.body, bytes)
    return len(json.loads(answer.body)["repositories"]), answer.header("Link") is not None


def _json_type(r: Inline) -> object:
    r.push_image("a/b", "v1", b"{}")
    targets = ("/v2/", "/v2/a/b/tags/list", "/v2/a/b/manifests/v1", "/v2/a/b/manifests/no", f"/v2/a/b/blobs/{HELLO}")
    return [r.ask("GET", target).header("Content-Type") for target in targets]


def _stale_opens_nothing(r: Inline) -> object:
    first, latest = session(r, b"hel")
    return [status(r, "POST", location) for location in (first, latest)], status(r, "GET", latest)


def _algorithm(r: Inline) -> object:
    return [status(r, "POST", f"/v2/a/b/blobs/uploads/?digest-algorithm={name}") for name in ("sha512", "md5", "")]


def _mounted(r: Inline) -> object:
    r.push_blob("c/d", b"hello", "sha512")
    mount = status(r, "POST", f"/v2/a/b/blobs/uploads/?mount={HELLO_512}&from=c/d")
    return mount, [status(r, "HEAD", f"/v2/{name}/blobs/{HELLO_512}") for name in ("a/b", "c/d")]


def _plain_ranges(r: Inline) -> object:
    target = f"/v2/a/b/blobs/{r.push_blob('a/b', b'hello')}"
    answers = [r.ask("GET", target, Range=text) for text in ("bytes=9-", "bytes=3-1", "bytes=1-1")]
    return [(answer.status, answer.header("Content-Type"), answer.header("Content-Range")) for answer in answers]


def _head_part(r: Inline) -> object:
    target = f"/v2/a/b/blobs/{r.push_blob('a/b', b'hello')}"
    answers = [r.ask("HEAD", target, Range=text) for text in ("bytes=1-2", "bytes=9-", "")]
    return [(answer.status, answer.body if answer.status < 300 else None) for answer in answers]


def _conditions(name: str, *values: str, **others: str) -> Callable[[Inline], object]:
    def ask(r: Inline) -> object:
        target = f"/v2/a/b/blobs/{r.push_blob('a/b', b'hello')}"
        return [status(r, method, target, **{name: value}, **others) for value in values for method in ("GET", "HEAD")]

    return ask


def _accepts(*values: str) -> Callable[[Inline], object]:
    return lambda r: [oci(r, "GET", "v1", Accept=value).status for value in values]


def oci_index(r: Inline, *accepts: str, **fields: str) -> list[int]:
    """The statuses of an index of one image, for each of ``accepts``."""
    manifest = r.push_image("a/b", "v1", b"{}")
    entry = {"mediaType": OCI_MANIFEST, "digest": digest(manifest), "size": len(manifest)}
    body = json.dumps({"schemaVersion": 2, **fields, "manifests": [entry]}).encode()
    assert status(r, "PUT", "/v2/a/b/manifests/all", body, Content_Type=OCI_INDEX) == 201
    return [status(r, "GET", "/v2/a/b/manifests/all", Accept=accept) for accept in accepts]


def _indexes(r: Inline) -> object:
    accepts = ("", "*/*", OCI_MANIFEST, OCI_INDEX)
    return oci_index(r, *accepts, mediaType=OCI_INDEX), oci_index(r, *accepts)


def _delete_bad(r: Inline) -> object:
    return status(r, "DELETE", "/v2/a/b/manifests/sha256:hello"), oci(r, "DELETE", "v1").status


def _tag_parameters(r: Inline) -> object:
    r.push_blob("a/b", b"{}")
    data = image_manifest(b"{}")
    put = r.ask("PUT", f"/v2/a/b/manifests/{digest(data)}?tag=v2", data, Content_Type=OCI_MANIFEST)
    return put.status, put.header("OCI-Tag"), status(r, "HEAD", "/v2/a/b/manifests/v2")


def _schema_versions(r: Inline) -> object:
    r.push_blob("a/b", b"{}")
    manifest = json.loads(image_manifest(b"{}"))
    bodies = [{**manifest, "schemaVersion": version} for version in (1, 3, 2)]
    bodies.append({name: value for name, value in manifest.items() if name != "schemaVersion"})
    sent = [json.dumps(body).encode() for body in bodies] + [b"nothing"]
    return [status(r, "PUT", "/v2/a/b/manifests/v1", body, Content_Type=OCI_MANIFEST) for body in sent]


def _children(r: Inline) -> object:
    entries = [{"mediaType": OCI_MANIFEST, "digest": r.push_blob("a/b", data), "size": 5} for data in (b"a", b"b")]
    body = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    answer = r.ask("PUT", "/v2/a/b/manifests/all", body, Content_Type=OCI_INDEX)
    return answer.status, [fault["code"] for fault in faults(answer)] if answer.status >= 400 else []


def _link(r: Inline) -> object:
    for name in ("a/b", "c/d"):
        r.push_image(name, "v1", b"{}")
    r.push_image("a/b", "v2", b"{}")
    return [r.ask("GET", target).header("Link") for target in ("/v2/a/b/tags/list?n=1", "/v2/_catalog?n=1")]


def _n_of_go(r: Inline) -> object:
    r.push_image("a/b", "v1", b"{}")
    paths = ("/v2/a/b/tags/list", "/v2/_catalog")
    return [status(r, "GET", f"{path}?n={n}") for path in paths for n in ("", "%2B1", "two")]


def repositories(r: Inline, query: str = "") -> object:
    body = r.ask("GET", f"/v2/_catalog{query}").body
    assert isinstance(body, bytes)
    return json.loads(body)["repositories"]


def _path_order(r: Inline) -> object:
    for name in ("a-b", "a/b", "a"):
        r.push_blob(name, b"hello")
    return repositories(r), repositories(r, "?last=a/b")


def _pushed(r: Inline) -> object:
    r.push_blob("only/blobs", b"hello")
    r.push_image("a-b", "v1", b"{}")
    r.push_image("a/b", "v1", b"{}")
    return repositories(r)


_PLAIN = "text/plain; charset=utf-8"
_JSON = "application/json; charset=utf-8"

_BARE = "application/json"

CASES: dict[str, tuple[Callable[[Inline], object], object, object]] = {
    "json_without_charset": (
        _json_type,
        [_JSON, _JSON, OCI_MANIFEST, _JSON, _JSON],
        [_BARE, _BARE, OCI_MANIFEST, _BARE, _BARE],
    ),
    "root_is_alive": (lambda r: [status(r, method, "/") for method in ("GET", "PUT")], [404, 404], [200, 200]),
    "stale_location_opens_nothing": (_stale_opens_nothing, ([405, 405], 204), ([416, 405], 204)),
    "digest_algorithm_ignored": (_algorithm, [202, 400, 400], [202, 202, 202]),
    "mounted_sha512_is_lost": (_mounted, (201, [200, 200]), (201, [404, 200])),
    "impossible_ranges_in_plain_text": (
        _plain_ranges,
        [(416, _JSON, "bytes */5"), (416, _JSON, "bytes */5"), (206, "application/octet-stream", "bytes 1-1/5")],
        [(416, _PLAIN, "bytes */5"), (416, _PLAIN, None), (206, "application/octet-stream", "bytes 1-1/5")],
    ),
    "head_of_a_part": (_head_part, [(200, b"")] * 3, [(206, b""), (416, None), (200, b"")]),
    "etags_must_be_quoted": (
        _conditions("If_None_Match", HELLO, f'"{HELLO}"', f'"x", "{HELLO}"', "*"),
        [304] * 8,
        [200, 200, 304, 304, 304, 304, 304, 304],
    ),
    "if_match_counts": (
        _conditions("If_Match", f'"{HELLO}"', HELLO, '"x"', "*"),
        [200] * 8,
        [200, 200, 412, 412, 412, 412, 200, 200],
    ),
    "accept_weights_ignored": (_accepts(f"{OCI_MANIFEST};q=0", "a/b;q=0", "a/b"), [404, 404, 404], [200, 404, 404]),
    "accept_case_counts": (_accepts(OCI_MANIFEST.upper(), OCI_MANIFEST, ""), [200] * 3, [404, 200, 200]),
    "oci_indexes_must_be_named": (
        _indexes,
        ([200, 200, 404, 200], [200, 200, 404, 200]),
        ([404, 404, 404, 200], [200, 200, 404, 200]),
    ),
    "oci_indexes_sent_to_all": (
        _indexes,
        ([200, 200, 404, 200], [200, 200, 404, 200]),
        ([200, 200, 200, 200], [200, 200, 200, 200]),
    ),
    "bad_digests_are_deleted_as_tags": (_delete_bad, (400, 202), (500, 202)),
    "tag_parameters_ignored": (_tag_parameters, (201, "v2", 200), (201, None, 404)),
    "other_schema_versions_fail": (_schema_versions, [400, 400, 201, 400, 400], [500, 500, 201, 500, 400]),
    "children_must_be_manifests": (_children, (201, []), (400, ["MANIFEST_BLOB_UNKNOWN"] * 2)),
    "links_name_last_first": (
        _link,
        ['</v2/a/b/tags/list?n=1&last=v1>; rel="next"', '</v2/_catalog?n=1&last=a/b>; rel="next"'],
        ['</v2/a/b/tags/list?last=v1&n=1>; rel="next"', '</v2/_catalog?last=a%2Fb&n=1>; rel="next"'],
    ),
    "n_is_read_by_go": (_n_of_go, [400] * 6, [200, 200, 400, 200, 200, 400]),
    "catalog_in_path_order": (_path_order, (["a", "a-b", "a/b"], []), (["a", "a/b", "a-b"], ["a-b"])),
    "catalog_lists_pushed_repositories": (_pushed, ["a-b", "a/b", "only/blobs"], ["a/b", "a-b"]),
    "paths_folded": (_paths_folded, (400, None), (301, "/v2/a/b/tags/list?n=1")),
    "missing_slash_redirects": (_missing_slash_redirects, (405, None), (301, "/v2/a/b/blobs/uploads/?mount=x")),
    "no_referrers_api": (_no_referrers_api, (200, 201, True), (404, 201, False)),
    "unknown_paths_are_plain_404": (_unknown_paths, [(400, _JSON), (404, _JSON), (404, _JSON)], [(404, _PLAIN)] * 3),
    "long_names_fail": (_long_names, (400, 404), (500, 404)),
    "any_method_of_the_api": (lambda r: status(r, "DELETE", "/v2/"), 405, 200),
    "methods_refused_in_plain_text": (
        lambda r: [
            (answer.status, answer.header("Allow"), answer.header("Content-Type"))
            for answer in (r.ask(method, f"/v2/a/b/blobs/{HELLO}") for method in ("PUT", "OPTIONS"))
        ],
        [(405, "DELETE, GET, HEAD", _JSON), (405, "DELETE, GET, HEAD", _JSON)],
        [(405, "DELETE, GET, HEAD", _PLAIN), (200, "DELETE, GET, HEAD", None)],
    ),
    "uploads_is_a_session_without_a_name": (lambda r: status(r, "PUT", "/v2/a/b/blobs/uploads/"), 405, 404),
    "post_to_a_session_opens_another": (
        lambda r: [status(r, "POST", session(r)[0]), status(r, "POST", session(r)[0].partition("?")[0])],
        [405, 405],
        [202, 404],
    ),
    "single_post_discards": (_single_post, (201, 200), (202, 404)),
    "state_is_read_first": (_state_first, "DIGEST_INVALID", "BLOB_UPLOAD_INVALID"),
    "range_refusals_are_bare": (_bare, (416, "BLOB_UPLOAD_INVALID", True), (416, "RANGE_INVALID", False)),
    "status_needs_no_state": (_status_without_state, 404, 204),
    "stale_location_not_found": (_stale_not_found, ([416, 204, 204, 204], 404), ([404, 404, 404, 404], 204)),
    "stale_location_cancels_nothing": (_stale_cancels_nothing, (204, 404), (416, 204)),
    "patch_content_range_ignored": (_content_range("PATCH", "9-10"), (416, "0-2"), (202, "0-4")),
    "patch_content_range_ignored_in_streams": (_content_range("PATCH", "9-10"), (416, "0-2"), (202, "0-4")),
    "patch_content_range_with_unit_fails": (
        _content_range("PATCH", "bytes 3-4", Content_Length="2"),
        (416, "0-2"),
        (500, None),
    ),
    "put_content_range_ignored": (_content_range("PUT", "9-10"), (416, "0-2"), (201, None)),
    "refused_bytes_stay": (_refused_bytes, (400, 404, 404), (400, 204, 201)),
    "blobs_kept_by_sha256": (_by_sha256, ([HELLO_512, HELLO_512], 404), ([HELLO, HELLO], 200)),
    "unknown_range_unit_refused": (_ranges("letters=1-2", "bytes=x", "bytes=1-2"), [200, 200, 206], [416, 416, 206]),
    "no_last_bytes_are_a_part": (_ranges("bytes=-0", "bytes=9-", "bytes=-1"), [416, 416, 206], [206, 416, 206]),
    "not_modified_is_bare": (_not_modified, (304, True), (304, False)),
    "if_none_match_is_one_digest": (_if_none_match, [304, 304, 304, 304], [304, 304, 200, 200]),
    "oci_types_must_be_named": (_oci_named, [200, 200, 404, 200], [404, 404, 404, 200]),
    "list_becomes_linux_amd64": (
        _lists(DOCKER_MANIFEST, DOCKER_LIST, ""),
        [(404, None), (200, False), (200, False)],
        [(200, True), (200, False), (200, True)],
    ),
    "docker_types_by_digest_sent": (_docker_by_digest, [404, 404], [200, 404]),
    "docker_manifests_by_tag_sent": (_docker_by_digest, [404, 404], [404, 200]),
    "bad_digests_are_tags": (_bad_digests, (400, 400), (500, 500)),
    "blobs_fail_as_manifests": (_blobs_as_manifests, 404, 500),
    "large_manifests_are_read": (_large, 413, 400),
    "manifests_by_sha256_only": (_by_sha256_only, 201, 400),
    "urls_of_layers_refused": (
        _urls,
        (201, [], 200),
        (500, ["UNKNOWN", "UNKNOWN", "MANIFEST_BLOB_UNKNOWN"], 404),
    ),
    "tag_delete_unsupported": (lambda r: oci(r, "DELETE", "v1").status, 202, 400),
    "manifest_delete_takes_blobs": (_delete_takes_blobs, (404, 200), (202, 404)),
    "repositories_known_by_tags": (_known_by_tags, (200, []), (404, None)),
    "tags_not_paginated": (_all_tags, ([], False), (["a", "b"], False)),
    "tags_in_byte_order": (_tags("?n=2", "a", "B"), (["a", "B"], False), (["B", "a"], True)),
    "bad_n_of_tags_has_a_code": (_bad_n, "UNSUPPORTED", "PAGINATION_NUMBER_INVALID"),
    "catalog_takes_any_n": (_catalog("?n=two"), 400, 200),
    "catalog_refuses_large_n": (_catalog("?n=1001"), 200, 400),
    "catalog_by_hundreds": (_hundreds, (101, False), (100, True)),
}
"""For each quirk: what is asked, what is answered without it, and what with it alone."""


def test_every_quirk_has_a_case_of_its_own_but_one_that_needs_another() -> None:
    assert set(QUIRKS) - set(CASES) == {"child_of_a_list_must_be_named"}
    assert set(CASES) <= set(QUIRKS)


@pytest.mark.parametrize("name", CASES)
def test_a_quirk_alone_changes_the_answer_that_it_says_it_changes(name: str, tmp_path: Path) -> None:
    ask, usual, quirky = CASES[name]
    with Store(tmp_path / "usual") as store:
        assert ask(Inline(App(store))) == usual
    with Store(tmp_path / "quirky") as store:
        assert ask(Inline(App(store, quirks=[name]))) == quirky


def test_the_child_in_a_lists_place_is_refused_to_those_who_name_neither_type(store: Store) -> None:
    inline = Inline(App(store, quirks=["list_becomes_linux_amd64", "child_of_a_list_must_be_named"]))
    asked = _lists(OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_LIST)
    assert asked(inline) == [(400, None), (200, True), (200, False)]


def test_a_list_without_linux_amd64_has_no_child_to_send(store: Store) -> None:
    inline = Inline(App(store, quirks="list_becomes_linux_amd64"))
    docker_list(inline, "arm64")
    assert status(inline, "GET", "/v2/a/b/manifests/list", Accept=DOCKER_MANIFEST) == 404


@pytest.mark.parametrize("profile", PROFILES)
def test_an_image_is_pushed_and_pulled_with_all_quirks_of_a_version(profile: str, store: Store) -> None:
    inline = Inline(App(store, quirks=profile))
    manifest = inline.push_image("library/hello", "v1", b"{}", b"layer")
    assert inline.ask("GET", "/v2/library/hello/manifests/v1", Accept=OCI_MANIFEST).body == manifest
    assert inline.ask("GET", f"/v2/library/hello/blobs/{digest(b'layer')}").body == b"layer"


@pytest.mark.parametrize("profile", PROFILES)
def test_every_refusal_of_a_profile_still_says_what_to_try_next(profile: str, store: Store) -> None:
    inline = Inline(App(store, quirks=profile))
    location = session(inline, b"hel")[0]
    asked = [
        ("GET", "/v2/a/b/blobs/uploads/", {}),
        ("PATCH", location, {}),
        ("GET", "/v2/a/b/manifests/sha256:hello", {}),
        ("PATCH", session(inline)[0] + "x", {"Content_Range": "bytes 0-1", "Content_Length": "0"}),
        ("GET", "/v2/_catalog?n=1001", {}),
    ]
    for method, target, headers in asked:
        for fault in faults(inline.ask(method, target, **headers)):
            assert set(fault["detail"]) >= {"given", "next"}, (method, target, fault)


def test_other_repositories_keep_a_blob_by_its_sha512_when_it_is_pushed_with_quirks(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        Inline(App(store)).push_blob("first", b"hello", "sha512")
        quirky = Inline(App(store, quirks="blobs_kept_by_sha256"))
        quirky.push_blob("second", b"hello", "sha512")
        quirky.push_blob("second", b"hello", "sha512")
        assert quirky.ask("GET", f"/v2/first/blobs/{HELLO_512}").body == b"hello"
        assert quirky.ask("GET", f"/v2/second/blobs/{HELLO}").body == b"hello"
        assert [path.name for path in tmp_path.rglob("*.copy")] == []


def test_hostile_names_and_ranges_are_read_in_no_time(store: Store) -> None:
    app = App(store, quirks="distribution-2.8")
    Inline(app).push_blob("a/b", b"hello")
    began = time.monotonic()
    for name in ("a" * 30_000, "a-" * 15_000, "-" * 30_000, "a_" * 15_000, "a." * 15_000, "a/" * 15_000, "A:1" * 9_000):
        app.begin(Head("GET", f"/v2/{name}!/tags/list"))
    for text in (" " * 30_000, "0-," * 10_000, "0" * 30_000, "-0" * 15_000):
        app.begin(Head("GET", f"/v2/a/b/blobs/{HELLO}", (("Range", f"bytes={text}!"),)))
    assert time.monotonic() - began < 5


def test_without_quirks_the_handlers_are_the_handlers(store: Store) -> None:
    assert App(store)._handlers == dict(HANDLERS)


def test_the_table_names_real_requests_and_lines_of_source() -> None:
    for name, quirk in QUIRKS.items():
        assert quirk.name == name
        assert set(quirk.wrappers) <= {EVERY, *HANDLERS}
        assert quirk.wrappers
        assert quirk.citations
        for source, citation in quirk.citations.items():
            if source in VERSIONS:
                assert f"/blob/{VERSIONS[source]}/registry/" in citation.url
                assert citation.anchor.startswith("L")
            else:
                assert source == citation.document.name


def test_a_name_that_there_is_not_is_refused_with_those_that_are_like_it(store: Store) -> None:
    for name in ("distribution-2.9", ["single_post_discard"]):
        with pytest.raises(ServerError) as caught:
            App(store, quirks=name)
        assert "distribution-2.8" in str(caught.value) and "--quirks list" in str(caught.value)
    assert "single_post_discards" in str(caught.value)


def test_a_registry_opened_with_an_unknown_quirk_leaves_nothing_behind(tmp_path: Path) -> None:
    for which in ("embedded", "in_process"):
        with pytest.raises(ServerError):
            open_registry(which, quiet=True, root=tmp_path, quirks="none")
        with open_registry(which, quiet=True, root=tmp_path, quirks=("tag_delete_unsupported",)):
            pass


def test_quirks_are_in_the_order_of_the_table_whatever_the_order_in_which_they_are_asked_for() -> None:
    names = [quirk.name for quirk in chosen(["tags_not_paginated", "distribution-3.1", "paths_folded"])]
    assert names == [name for name in QUIRKS if name in {*PROFILES["distribution-3.1"], "tags_not_paginated"}]


def test_the_page_is_that_of_the_table() -> None:
    assert (DOCS / "quirks.md").read_text() == page()
