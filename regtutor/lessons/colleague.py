"""The output of ``curl -v`` that a colleague sends in lesson 02, without the command line that made it."""

from __future__ import annotations

from regtutor.content.sample.image import sample_image

LAYER = sample_image().layers[0]

SENT = 127
"""The bytes that curl 7.88 sends of this layer with ``-d @FILE``: without line ends, and of each line only what comes
before a zero byte."""

COLLEAGUE = f"""\
*   Trying 127.0.0.1:5000...
* Connected to 127.0.0.1 (127.0.0.1) port 5000 (#0)
> PUT /v2/library/hello/blobs/uploads/9518f233-889e-4c53-9c26-e0f0b52548b2?_state=YH73R&digest={LAYER.digest} HTTP/1.1
> Host: 127.0.0.1:5000
> User-Agent: curl/7.88.1
> Accept: */*
> Content-Type: application/octet-stream
> Content-Length: {SENT}
>
}} [{SENT} bytes data]
< HTTP/1.1 400 Bad Request
< Content-Type: application/json; charset=utf-8
< Docker-Distribution-Api-Version: registry/2.0
< X-Content-Type-Options: nosniff
< Date: Thu, 26 Nov 2026 15:56:57 GMT
< Content-Length: 98
<
{{ [98 bytes data]
* Connection #0 to host 127.0.0.1 left intact
{{"errors":[{{"code":"DIGEST_INVALID","message":"provided digest did not match uploaded content"}}]}}
"""
"""The lines that curl printed."""
