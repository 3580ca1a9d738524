"""Lesson 09: challenges, tokens, scopes, private repositories, and a mount across two of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from regtutor.client.arming import with_token
from regtutor.content.sample.image import sample_image
from regtutor.exchange import Exchange
from regtutor.lessons.evidence import Evidence, Stage, field_of
from regtutor.lessons.lesson import Choice, Lesson, Point, Prediction, Question, Task, point
from regtutor.lessons.own_registry import open_own
from regtutor.protocol.challenges import challenges
from regtutor.steps import get_manifest, request_token, start_upload
from regtutor.walks.logging_in import login
from regtutor.walks.pushing import push_image

PLANS, COPY, NOTES = "plans", "copy", "notes"
TAG = "v1"
LAYER = sample_image().layers[0]

POLICY = {
    "users": {
        "learner": {"password": "learner-password", "access": {"*": "pull,push,delete"}, "catalog": True},
        "reader": {"password": "reader-password", "access": {"*": "pull"}},
        "alice": {"password": "alice-password", "access": {f"*/{COPY}": "pull,push"}},
    },
    "private": [f"*/{PLANS}"],
}
"""The users of this registry and their rights. Everybody can pull what is not private."""


def scene(stage: Stage) -> None:
    """Push the sample image to ``{me}/plans``."""
    learner = login(stage.reg, "learner", "learner-password").registry
    push_image(learner, sample_image(), stage.repository(PLANS), TAG, progress=False)


def token_for_plans(seen: Evidence) -> Iterator[Point]:
    """A token that permits pull and push in ``{me}/plans``."""
    plans = seen.repository(PLANS)
    for exchange in reversed(seen.sent("request_token", status=200)):
        if {"pull", "push"} <= set(_granted(exchange, plans)):
            yield Point(True, f"You have a token that permits pull and push in {plans}.", exchange)
            return
    yield _no_token(seen.attempt, plans)


def _no_token(seen: Evidence, plans: str) -> Point:
    last = seen.latest("request_token")
    if last is None or "Authorization" not in last.request_headers:
        return Point(False, "No token was requested with a user name and a password.", last)
    if last.status == 200 and last.token is None:
        why = "only the step rt.request_token reads it, so rt.with_token cannot use it"
        return Point(False, f"The token server responded 200 with a token, but {why}. Use the step.", last)
    if last.status != 200 or last.token is None:
        return Point(False, f"The token server responded {last.status}: it does not accept this password.", last)
    if plans not in (last.token.granted or {}):
        return Point(False, f"The token is for another repository than {plans}.", last)
    granted = _granted(last, plans)
    missing = " and ".join(action for action in ("pull", "push") if action not in granted)
    return Point(False, f"The token permits {' and '.join(granted) or 'nothing'}: {missing} is missing.", last)


def _granted(exchange: Exchange, repository: str) -> tuple[str, ...]:
    return (exchange.token.granted or {}).get(repository, ()) if exchange.token else ()


def opened_with_a_token(seen: Evidence) -> Iterator[Point]:
    """The request that was refused, with a token."""
    opened = seen.latest("start_upload", to=PLANS, status=202)
    if opened is not None:
        yield Point(True, "The same request with a token: the registry opened an upload session.", opened)
        return
    last = seen.attempt.latest("start_upload", to=PLANS)
    sent = last.request_headers.get("Authorization", "") if last is not None else ""
    if not sent:
        yield Point(False, "The request was sent without a token.", last)
    elif sent.startswith("Basic"):
        yield Point(
            False, "You sent Basic, and the challenge names Bearer. The registry never wants the password.", last
        )
    else:
        yield Point(False, "This token does not permit push here. Which of your tokens does?", last)


def session_given_back(seen: Evidence) -> Iterator[Point]:
    """The session, canceled with the right to delete."""
    plans = seen.repository(PLANS)
    can_delete = [each for each in seen.sent("request_token", status=200) if "delete" in _granted(each, plans)]
    yield point(
        can_delete,
        "You have a token that permits delete.",
        "No token that permits delete was granted.",
        can_delete[-1] if can_delete else seen.attempt.latest("request_token"),
    )
    sent = seen.sent("cancel_upload", to=PLANS)
    refused = {field_of(each, "session") for each in sent if each.status == 401}
    canceled = [each for each in sent if each.status == 204 and field_of(each, "session") in refused]
    last = canceled[-1] if canceled else seen.attempt.latest("cancel_upload", to=PLANS)
    came = f"The response to DELETE was {last.status}." if last is not None else "No DELETE was sent."
    if last is not None and last.status == 204:
        came = "That was another session. Cancel the one at opened.location."
    yield point(canceled, "The session is canceled.", came, last)


def mounted_with_both(seen: Evidence) -> Iterator[Point]:
    """The layer of ``{me}/plans`` in ``{me}/copy``, mounted."""
    source = seen.repository(PLANS)
    mounted = seen.latest("mount_blob", to=COPY, status=201, mount=LAYER.digest, source=source)
    if mounted is not None:
        yield Point(True, "The layer is in both repositories, and no byte of it was sent.", mounted)
        return
    last = seen.attempt.latest("mount_blob", to=COPY)
    if last is None or last.status == 202:
        yield Point(False, f"The request must name its source, from={source}. Without it, nothing is mounted.", last)
    elif "Authorization" not in last.request_headers:
        yield Point(False, "The mount was sent without a token.", last)
    elif last.status == 201:
        yield Point(False, f"Something else was mounted. Mount the first layer, from {source}.", last)
    else:
        yield Point(False, f"The response was {last.status}: this token does not permit both.", last)


def read_as_reader(seen: Evidence) -> Iterator[Point]:
    """The manifest of the private image, read with the rights of ``reader``."""
    plans, user = seen.repository(PLANS), ""
    manifests = seen.sent("get_manifest", to=PLANS, status=200)
    for exchange in seen.exchanges:
        if "pull" in _granted(exchange, plans) and exchange.token is not None:
            user = exchange.token.claims.get("sub", "")
        if user == "reader" and exchange in manifests:
            yield Point(True, "reader got a token for pull, and then the manifest.", exchange)
            return
    yield _not_read(seen.attempt, plans)


def _not_read(seen: Evidence, plans: str) -> Point:
    users = [each.token.claims.get("sub") for each in seen.sent("request_token") if each.token is not None]
    last = seen.latest("get_manifest", "head_manifest", to=PLANS)
    if last is not None and "Authorization" not in last.request_headers:
        return Point(False, "The manifest was requested without a token.", last)
    if users and users[-1] != "reader":
        return Point(False, f"The last token was for {users[-1] or 'nobody'}, not for reader.", last)
    if last is not None and last.method == "HEAD":
        return Point(False, "HEAD has no body, so there was nothing to read. Send a GET.", last)
    return Point(False, f"The manifest {TAG} of {plans} was not read with a token of reader.", last)


def refused_for_a_right(stage: Stage) -> list[Exchange]:
    """Push as ``reader``: the password is right, the token is valid, and the action is missing."""
    repository = stage.scratch()
    (challenge,) = challenges(start_upload(stage.reg, repository))
    answer = request_token(stage.reg, challenge, username="reader", password="reader-password")
    return [answer, start_upload(with_token(stage.reg, answer), repository)]


def password_then_token(stage: Stage) -> list[Exchange]:
    """The refusal, the request for a token, and the same request with the token."""
    repository = stage.scratch()
    refused = start_upload(stage.reg, repository)
    (challenge,) = challenges(refused)
    granted = request_token(stage.reg, challenge, username="learner", password="learner-password")
    return [refused, granted, start_upload(with_token(stage.reg, granted), repository)]


def no_such_repository(stage: Stage) -> list[Exchange]:
    """GET in a repository that does not exist: without a password, and by a user who may read everything."""
    repository = stage.scratch()
    refused = get_manifest(stage.reg, repository, TAG)
    (challenge,) = challenges(refused)
    granted = request_token(stage.reg, challenge, username="reader", password="reader-password")
    return [refused, get_manifest(with_token(stage.reg, granted), repository, TAG)]


LESSON = Lesson(
    scene=scene,
    opened=partial(open_own, auth="token", policy=POLICY),
    predictions=(
        Prediction(
            "without a password",
            "authentication",
            of="start_upload",
            status=401,
            why="401 is a question: who are you? The header WWW-Authenticate says how to reply.",
            repository=PLANS,
            headers=("WWW-Authenticate",),
        ),
        Prediction(
            "a token for nobody",
            "token",
            of="request_token",
            status=200,
            why="A token server does not refuse a scope. It leaves out the actions that you may not do, here all of "
            "them. A client that looks at the status only believes that it has what it requested.",
        ),
        Prediction(
            "the token elsewhere",
            "scope",
            of="start_upload",
            status=401,
            why='The token is valid, and for another repository: error="insufficient_scope". RFC 6750 names 403 for '
            "that. Registries send 401, so that the client requests the scope of the new challenge.",
            repository=NOTES,
        ),
        Prediction(
            "cancel with the same token",
            "scope",
            of="cancel_upload",
            status=401,
            why="To cancel is to delete. A client that pushes has pull and push only, so most clients leave a session "
            "behind when they are interrupted.",
            repository=PLANS,
        ),
        Prediction(
            "a mount with one right",
            "scope",
            of="mount_blob",
            status=401,
            why="A mount reads from one repository and writes to another. Without pull on the source, whoever knows "
            "a digest could copy a private layer into a public repository.",
            repository=COPY,
        ),
    ),
    tasks=(
        Task(
            "a token for plans",
            "token",
            token_for_plans,
            (
                "Which users does the first line of the registry name, and which of them may push?",
                "rt.request_token takes username= and password=, after the challenge.",
                'The user is "learner", and the password is "learner-password".',
            ),
            "The password went to the token server. The registry has not seen it, and the record has neither the "
            "password nor the token.",
        ),
        Task(
            "the request again",
            "authentication",
            opened_with_a_token,
            (
                "What is the difference between the refused request and the one that you send now? One header.",
                "rt.with_token(reg, asked) is the same registry, and adds the token to every request.",
                'rt.start_upload(rt.with_token(reg, asked), f"{me}/plans")',
            ),
            "Nothing else changed: the registry read the token, and let the request in.",
        ),
        Task(
            "give the session back",
            "scope",
            session_given_back,
            (
                "Which scope does the challenge in the response to your DELETE name?",
                "Request a token for rt.challenges(canceled)[0], as learner, and cancel with it.",
                "rt.cancel_upload(rt.with_token(reg, deleting), opened.location), where deleting is the new token.",
            ),
            "One token for each scope: a token that can delete is requested only where something is deleted.",
        ),
        Task(
            "mount a private layer",
            "scope",
            mounted_with_both,
            (
                "How many scopes does the challenge in the response to your mount name?",
                "A token can be for several scopes. Without scopes=, rt.request_token takes those of the challenge.",
                "Request it for rt.challenges(mount)[0], as learner, and send the same rt.mount_blob with it.",
            ),
            "The copy is public now, and its owner had the right to read the source. alice, who may push to the copy, "
            "has no such right and gets the same refusal.",
        ),
        Task(
            "read a private image as reader",
            "authentication",
            read_as_reader,
            (
                "Which three requests were there between the first refusal and the open session?",
                "A walk such as rt.inspect_image does them itself, with the registry of rt.login.",
                'rt.inspect_image(rt.login(reg, "reader", "reader-password").registry, f"{me}/plans", "v1")',
            ),
            "Ask, be challenged, get a token, ask again: docker pull does exactly that.",
            from_memory=True,
            walks=True,
        ),
    ),
    questions=(
        Question(
            "a push is denied",
            "scope",
            "A push ends with: denied: requested access to the resource is denied. Where do you look first?",
            (
                Choice(
                    "at the password", "A wrong password is refused by the token server, before the registry is asked."
                ),
                Choice("at the granted actions of the token"),
                Choice(
                    "at the certificate", "A certificate that is not trusted ends the connection before any response."
                ),
                Choice("at the size of the layer", "A layer that is too large is a 413, and the proxy says so."),
            ),
            "The token server accepted the password of reader, and granted only what reader may do. The registry read "
            "the token, and push is not in it.",
            refused_for_a_right,
            headers=("WWW-Authenticate",),
        ),
        Question(
            "the way of the password",
            "token",
            "You log in, and push ten layers. Which server receives your password?",
            (
                Choice(
                    "the registry, with every request",
                    "That is Basic at the registry. A registry that responds with Bearer gets a token instead.",
                ),
                Choice(
                    "the registry, with the first request",
                    "The first request has no credentials: the client does not know yet whom to ask.",
                ),
                Choice("the token server, with each request for a token"),
                Choice(
                    "none: the client sends a hash of it",
                    "Basic is the name and the password in Base64, which anybody can decode. Only TLS hides it.",
                ),
            ),
            "The challenge names the address of the token server. The password goes there, and the registry sees only "
            "tokens, which expire after a few minutes.",
            password_then_token,
            headers=("WWW-Authenticate",),
        ),
        Question(
            "a name that does not exist",
            "scope",
            "You pull without a password, and mistype the name: there is no such repository. What does this registry "
            "respond?",
            (
                Choice(
                    "404, because there is no such repository",
                    "A registry looks at your rights first. A 404 would tell strangers which private names exist.",
                ),
                Choice("401, as for a private repository"),
                Choice(
                    "200, with an empty list",
                    "An empty list is the response to a request for a list. A manifest exists or does not exist.",
                ),
            ),
            "So docker can only say that it does not exist or may require 'docker login'. Both are possible. "
            "reader, who may pull everything, gets the 404.",
            no_such_repository,
        ),
    ),
)
