"""A transcript as a bash script of curl commands that repeats the requests, against any registry.

The script uses the new responses: where a recorded request was sent to a Location, the script sends its request to the
Location that it receives. It prints each status next to the recorded one, and stops at a refusal if the recorded
request was not refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from regtutor.client.wire.head import default_user_agent
from regtutor.errors import InvalidURL
from regtutor.exchange import Exchange, Transcript
from regtutor.formats.curl.body import CurlBody, curl_body
from regtutor.formats.curl.command import curl_in_script, secret_name, url_parts
from regtutor.formats.curl.script_bodies import part_sent
from regtutor.formats.curl.shell_words import Part, Variable, quoted, with_variables, word
from regtutor.message import Blob, Location
from regtutor.private_file import private_file
from regtutor.protocol.text import visible

_HEAD = r"""
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
LIMITS='--connect-timeout 10 --speed-time 60 --speed-limit 1'

stop() { printf '%s\n' "$*" >&2; exit 1; }

# check_response NUMBER STEP RECORDED URL: sets STATUS and LOCATION (absolute or empty) from the last response head.
check_response() {
  local line base
  STATUS='' LOCATION=''
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%$'\r'}
    case $line in
      HTTP/*) STATUS=${line#* } STATUS=${STATUS%% *} LOCATION='' ;;
      [Ll][Oo][Cc][Aa][Tt][Ii][Oo][Nn]:*)
        LOCATION=${line#*:} LOCATION=${LOCATION#"${LOCATION%%[! ]*}"} ;;
    esac
  done <"$WORK/head"
  base=${4%%\?*}
  case $LOCATION in
    '' | http://* | https://*) ;;
    //*) LOCATION=${base%%:*}:$LOCATION ;;
    /*) line=${base#*://} LOCATION=${base%%://*}://${line%%/*}$LOCATION ;;
    *) LOCATION=${base%/*}/$LOCATION ;;
  esac
  printf '%s %s: %s (recorded: %s)\n' "$1" "$2" "$STATUS" "$3"
  case $STATUS/$3 in [45]??/[123]??) [ ! -s "$WORK/body" ] || cat "$WORK/body" >&2; stop "$2 was refused" ;; esac
}

# with_query URL QUERY: prints the URL with the query appended, after ? or &.
with_query() { case $1 in *\?*) printf '%s' "$1&$2" ;; *) printf '%s' "$1?$2" ;; esac; }

# required LOCATION NUMBER: prints the Location of response NUMBER, or stops if it is empty.
required() { [ -n "$1" ] || stop "the response to request $2 has no Location to follow"; printf '%s' "$1"; }

# needs FILE WHAT: stops if a body that is not in the records is missing from the folder of this script.
needs() { [ -f "$1" ] || stop "missing in the folder of this script: $2"; }
"""


@dataclass(frozen=True)
class _Followed:
    """The target of a request: the Location of response ``number``, with ``query`` (without ? or &) appended."""

    number: int
    query: str


def script_of(transcript: Transcript, folder: Path, bodies: Iterable[Blob] = ()) -> str:
    """Return a bash script that repeats the requests; run it with ``REGISTRY=URL bash FILE`` to send them elsewhere.

    Parameters
    ----------
    transcript: the recorded exchanges.
    folder: the folder of the script; bodies that are too large for a command are written to it.
    bodies: the pushed content, such as ``image.blobs``, for bodies that are not in the records; without it, the script
        reports which files it needs.

    Raises
    ------
    CannotSave: if ``folder`` cannot be written to.
    """
    blobs = tuple(bodies)
    bases = _bases(transcript)
    followed = _all_followed(transcript)
    wanted = {found.number for found in followed.values()}
    needs: dict[str, str] = {}
    commands: list[str] = []
    for number, exchange in enumerate(transcript, 1):
        body = _body(number, exchange, folder, blobs)
        if body is not None and body.comment:
            needs[body.path] = visible(body.comment)
        commands.append(_request(number, exchange, body, bases, followed.get(number), number in wanted))
    lines = [
        "#!/usr/bin/env bash",
        f"# {visible(transcript.title) or 'Transcript'}; written by {default_user_agent()}.",
        "# Run this script with bash; to send the requests to another registry, set REGISTRY=http://host:port.",
        _HEAD,
        *(f'[ -n "${{{name}:-}}" ] || {name}={word(*base)}' for base, name in bases.items()),
        *(f"needs {quoted(path)} {quoted(what)}" for path, what in needs.items()),
    ]
    return "\n".join([*lines, "", "\n".join(commands)])


def _bases(transcript: Transcript) -> dict[tuple[Part, ...], str]:
    """Map each registry that received a request to its variable in the script."""
    names: dict[tuple[Part, ...], str] = {}
    for exchange in transcript:
        try:
            base, _ = url_parts(exchange.url)
        except InvalidURL:
            continue  # the request is left out, with the reason as a comment
        names.setdefault(base, "REGISTRY" if not names else f"REGISTRY_{len(names) + 1}")
    return names


def _all_followed(transcript: Transcript) -> dict[int, _Followed]:
    """Map each request that was sent to a Location to the last response that contained it."""
    given: dict[str, int] = {}
    found: dict[int, _Followed] = {}
    for number, exchange in enumerate(transcript, 1):
        matches = [place for place in _beginnings(exchange.url) if place in given]
        if matches:
            longest = max(matches, key=len)
            found[number] = _Followed(given[longest], exchange.url[len(longest) + 1 :])
        if exchange.status == 202 or (exchange.status or 0) // 100 == 3:
            given.update({_location(value, exchange): number for value in exchange.headers.all("Location")[:1]})
    return found


def _beginnings(url: str) -> Iterable[str]:
    """Yield ``url``, and the part of it before each ``?`` or ``&``."""
    yield url
    for at, character in enumerate(url):
        if character in "?&":
            yield url[:at]


def _location(value: str, exchange: Exchange) -> str:
    return Location(value, exchange.url).redacted


def _body(number: int, exchange: Exchange, folder: Path, blobs: tuple[Blob, ...]) -> CurlBody | None:
    body = curl_body(exchange, folder)
    if body is None or not body.path:
        return body
    part = part_sent(exchange, blobs) if body.comment else None
    if part is not None:
        with private_file(folder / part.name) as file:
            for chunk in part.chunks():
                file.write(chunk)
        return CurlBody(path=part.name)
    name = Path(body.path).name
    if body.comment and name == "body.bin":  # the target does not identify the body: chunks must not share a file
        name = f"body-{number}.bin"
    return CurlBody(path=name, comment=body.comment.replace("body.bin", name))


def _request(
    number: int,
    exchange: Exchange,
    body: CurlBody | None,
    bases: Mapping[tuple[Part, ...], str],
    followed: _Followed | None,
    wanted: bool,
) -> str:
    heading = visible(f"# {number} {exchange.step}: {exchange.meaning}")
    if not exchange.method:
        return f"{heading}\n# left out: no request was sent\n"
    try:
        base, target = url_parts(exchange.url)
    except InvalidURL as error:
        return f"{heading}\n# left out: {visible(str(error))}\n"
    lines = [heading, f"URL={_url(followed, word(Variable(bases[base]), *target))}"]
    # A target that curl would change is passed as a separate option; the target of a Location is not known here.
    base, target = ((Variable("URL"),), ()) if followed else ((Variable(bases[base]),), target)
    kept = exchange.step == "get_blob" and exchange.method != "HEAD"
    options = '$LIMITS --dump-header "$WORK/head"' + ("" if kept else ' --output "$WORK/body"')
    lines += [': >"$WORK/head"; : >"$WORK/body"', curl_in_script(exchange, body, base, target, options)]
    lines.append(f'check_response {number} {quoted(visible(exchange.step))} {exchange.status or "none"} "$URL"')
    if wanted:
        lines.append(f"LOCATION_{number}=$LOCATION")
    return "\n".join(lines) + "\n"


def _url(followed: _Followed | None, recorded: str) -> str:
    if followed is None:
        return recorded
    location = f'$(required "$LOCATION_{followed.number}" {followed.number})'
    if not followed.query:
        return location
    return f'$(with_query "{location}" {word(*with_variables(followed.query, _query_secret))})'


def _query_secret(before: str) -> str:
    return secret_name(f"?{before}")
