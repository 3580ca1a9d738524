"""How a quirk is defined where its wrapper is made, and in which order quirks come."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from regtutor.protocol.citations import Citation, Document
from regtutor.server import quirks
from regtutor.server.app import App
from regtutor.server.call import Call, Handler
from regtutor.server.http import Head, Response
from regtutor.server.quirks import lists, table
from regtutor.server.quirks.documentation import page
from regtutor.server.quirks.quirk import quirk, quirks_of
from regtutor.server.quirks.table import PROFILES, QUIRKS, listed, wrapped
from regtutor.server.quirks.wrapping import EVERY, Outcome, changes_request, changes_response
from regtutor.server.respond import respond
from regtutor.server.storage.store import Store

HERE = sys.modules[__name__]
ELSEWHERE = Citation(
    Document("go-containerregistry v0.20.2, pkg/registry", "https://example.invalid/pkg/registry/blobs.go"),
    "L308",
    "L308",
)

ORDER = {
    "json_without_charset": "*",
    "root_is_alive": "*",
    "paths_folded": "*",
    "missing_slash_redirects": "*",
    "no_referrers_api": "* put_manifest",
    "unknown_paths_are_plain_404": "*",
    "long_names_fail": "*",
    "any_method_of_the_api": "*",
    "methods_refused_in_plain_text": "*",
    "uploads_is_a_session_without_a_name": "*",
    "stale_location_opens_nothing": "*",
    "post_to_a_session_opens_another": "*",
    "single_post_discards": "post_blob",
    "digest_algorithm_ignored": "start_upload post_blob mount_blob",
    "mounted_sha512_is_lost": "mount_blob",
    "state_is_read_first": "*",
    "range_refusals_are_bare": "patch_upload put_blob",
    "status_needs_no_state": "get_upload head_upload",
    "stale_location_not_found": "patch_upload get_upload head_upload put_blob cancel_upload",
    "stale_location_cancels_nothing": "cancel_upload",
    "patch_content_range_ignored": "patch_upload",
    "patch_content_range_ignored_in_streams": "patch_upload",
    "patch_content_range_with_unit_fails": "patch_upload",
    "put_content_range_ignored": "put_blob",
    "refused_bytes_stay": "put_blob",
    "blobs_kept_by_sha256": "put_blob head_blob get_blob",
    "impossible_ranges_in_plain_text": "head_blob get_blob",
    "unknown_range_unit_refused": "get_blob",
    "no_last_bytes_are_a_part": "get_blob",
    "head_of_a_part": "head_blob",
    "etags_must_be_quoted": "head_blob get_blob",
    "if_match_counts": "head_blob get_blob",
    "accept_weights_ignored": "head_manifest get_manifest",
    "accept_case_counts": "head_manifest get_manifest",
    "not_modified_is_bare": "head_manifest get_manifest",
    "if_none_match_is_one_digest": "head_manifest get_manifest",
    "oci_types_must_be_named": "head_manifest get_manifest",
    "oci_indexes_must_be_named": "head_manifest get_manifest",
    "child_of_a_list_must_be_named": "head_manifest get_manifest",
    "list_becomes_linux_amd64": "head_manifest get_manifest",
    "docker_types_by_digest_sent": "head_manifest get_manifest",
    "docker_manifests_by_tag_sent": "head_manifest get_manifest",
    "oci_indexes_sent_to_all": "head_manifest get_manifest",
    "bad_digests_are_tags": "head_manifest get_manifest put_manifest",
    "bad_digests_are_deleted_as_tags": "delete_manifest",
    "blobs_fail_as_manifests": "head_manifest get_manifest",
    "large_manifests_are_read": "put_manifest",
    "manifests_by_sha256_only": "put_manifest",
    "tag_parameters_ignored": "put_manifest",
    "other_schema_versions_fail": "put_manifest",
    "children_must_be_manifests": "put_manifest",
    "urls_of_layers_refused": "put_manifest",
    "tag_delete_unsupported": "delete_manifest",
    "manifest_delete_takes_blobs": "delete_manifest",
    "links_name_last_first": "list_tags list_repositories",
    "n_is_read_by_go": "list_tags list_repositories",
    "repositories_known_by_tags": "list_tags",
    "tags_not_paginated": "list_tags",
    "tags_in_byte_order": "list_tags",
    "bad_n_of_tags_has_a_code": "list_tags",
    "catalog_takes_any_n": "list_repositories",
    "catalog_refuses_large_n": "list_repositories",
    "catalog_by_hundreds": "list_repositories",
    "catalog_in_path_order": "list_repositories",
    "catalog_lists_pushed_repositories": "list_repositories",
}
"""Every quirk in its order, and the endpoints that it wraps. (``docs/quirks.md`` holds meanings and sources.)"""


@quirk("here_alone", "418 to everything", on=EVERY, source=ELSEWHERE)
def refuse_all(_handler: Handler) -> Handler:
    return lambda _call: respond(418)


@quirk("here_upper", "another status for tags", on="list_tags", in_2="handlers/tags.go#L1")
@quirk("here_lower", "another status for the catalog", on="list_repositories", in_3="handlers/catalog.go#L2-L3")
@changes_response
def shared(_call: Call, response: Response) -> Response:
    return Response(response.status + 1, response.headers, response.body)


@quirk("here_lower", on=("get_blob", "head_blob"))
@changes_request
def another(call: Call) -> Call:
    return call


def plain(status: int) -> Handler:
    return lambda _call: respond(status)


def test_the_quirks_are_in_the_order_of_their_definitions_and_wrap_what_they_say() -> None:
    assert {name: " ".join(quirk.wrappers) for name, quirk in QUIRKS.items()} == ORDER
    assert list(QUIRKS) == list(ORDER)


def test_a_quirk_of_another_registry_has_a_source_of_its_own_kind() -> None:
    (found, *_) = quirks_of(HERE).values()
    assert (found.name, found.meaning, dict(found.wrappers)) == ("here_alone", "418 to everything", {EVERY: refuse_all})
    assert dict(found.citations) == {"go-containerregistry v0.20.2, pkg/registry": ELSEWHERE}
    row = "| `here_alone` | 418 to everything |  |  | [go-containerregistry v0.20.2, pkg/registry](https://example.invalid"
    assert row in page([*QUIRKS.values(), found])
    assert "Elsewhere" in page([found]) and "Elsewhere" not in page()
    assert "here_alone  (go-containerregistry v0.20.2, pkg/registry)" in listed([found])


def test_a_quirk_of_another_registry_is_asked_for_by_its_name_and_in_no_profile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "QUIRKS", {**QUIRKS, "here_alone": quirks_of(HERE)["here_alone"]})
    response = App(store, quirks=["here_alone"]).begin(Head("GET", "/v2/"))
    assert isinstance(response, Response)
    assert response.status == 418
    assert not [names for names in PROFILES.values() if "here_alone" in names]


def test_a_wrapper_of_every_request_has_the_fields_of_its_path_and_query(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    def see(handler: Handler) -> Handler:
        def seeing(call: Call) -> Outcome:
            seen.append((call.repository, dict(call.query)) if call.path else None)
            return handler(call)

        return seeing

    every = replace(quirks_of(HERE)["here_alone"], wrappers={EVERY: see})
    monkeypatch.setattr(table, "QUIRKS", {**QUIRKS, "here_alone": every})
    app = App(store, quirks=["here_alone"])
    for target in ("/v2/a/b/tags/list?n=1", "/v2/"):
        app.begin(Head("GET", target))
    app.begin(Head("GET", "/nothing"))
    assert seen == [("a/b", {"n": "1"}), None, None]


def test_quirks_that_share_a_wrapper_are_decorators_on_it_the_lower_first() -> None:
    assert list(quirks_of(HERE)) == ["here_alone", "here_lower", "here_upper"]
    lower, upper = (quirks_of(HERE)[name] for name in ("here_lower", "here_upper"))
    assert upper.wrappers["list_tags"] is lower.wrappers["list_repositories"] is shared
    assert (list(upper.citations), list(lower.citations)) == (["2.8"], ["3.1"])
    assert lower.citations["3.1"].url.endswith("/blob/v3.1.1/registry/handlers/catalog.go#L2-L3")


def test_a_quirk_wraps_endpoints_with_different_wrappers(call: Call) -> None:
    lower = quirks_of(HERE)["here_lower"]
    assert lower.wrappers == {"list_repositories": shared, "get_blob": another, "head_blob": another}
    statuses = [
        status(wrapped([lower], name, plain(200))(call)) for name in ("list_repositories", "get_blob", "put_blob")
    ]
    assert statuses == [201, 200, 200]


def test_the_first_is_outermost(call: Call) -> None:
    shown: list[str] = []

    def showing(name: str) -> None:
        @quirk(name, "shows when it is asked", on="check_api", source=ELSEWHERE)
        @changes_request
        def show(call: Call) -> Call:
            shown.append(name)
            return call

    for name in ("shows_first", "shows_second"):
        showing(name)
    found = [quirk for name, quirk in quirks_of(HERE).items() if name.startswith("shows_")]
    assert status(wrapped(found, "check_api", plain(200))(call)) == 200
    assert shown == ["shows_first", "shows_second"]


def test_a_quirk_that_is_not_whole_or_is_defined_twice_is_an_error() -> None:
    for arguments in (
        {"name": "here_unsaid", "source": ELSEWHERE},
        {"name": "here_unfounded", "meaning": "something"},
        {"name": "here_alone", "meaning": "something else", "source": ELSEWHERE},
    ):
        with pytest.raises(ValueError, match="a meaning and a source once"):
            quirk(on="get_blob", **arguments)(shared)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="only one wrapper for each endpoint"):
        quirk("here_lower", on="get_blob")(shared)
    with pytest.raises(ValueError, match="two modules define"):
        quirks_of(lists, lists)
    assert quirks_of(quirks) == {}


@pytest.fixture
def call(store: Store) -> Call:
    app = App(store)
    return Call(Head("GET", "/v2/"), {}, {}, store, app.sessions, "http", app.settings)


def status(outcome: Outcome) -> int:
    assert isinstance(outcome, Response)
    return outcome.status
