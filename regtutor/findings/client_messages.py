"""Messages that docker, containerd, podman, skopeo, buildah, oras, crane and helm print when a push or pull fails.

One table: a message, its meaning, its likely causes with the signs that tell them apart, and the next step.
``docs/messages.md`` is made from it, and ``found_messages.py`` searches a text for these messages.
"""

from __future__ import annotations

from dataclasses import dataclass

_GITHUB = "https://github.com/"


@dataclass(frozen=True)
class Cause:
    """A likely ``cause`` of a message, and what tells it apart from the others (``sign``)."""

    cause: str
    sign: str


@dataclass(frozen=True)
class ClientMessage:
    """A message of a client.

    Attributes
    ----------
    parts: texts in lower case, any of which is the message.
    shown: the message as a client prints it.
    clients: the programs that print it.
    meaning: what happened, one sentence without its full stop.
    causes: from the most likely one.
    next: a command, in which ``HOST`` is the registry, or an instruction.
    sources: addresses of reports of this message.
    hides: the ``shown`` of more general messages that this one makes superfluous.
    """

    parts: tuple[str, ...]
    shown: str
    clients: str
    meaning: str
    causes: tuple[Cause, ...]
    next: str
    sources: tuple[str, ...]
    hides: tuple[str, ...] = ()


def _reports(*names: str) -> tuple[str, ...]:
    """Return addresses of issues, from names such as ``moby/moby#28091``."""
    return tuple(f"{_GITHUB}{name.replace('#', '/issues/')}" for name in names)


_ALL_GO = "docker, containerd, podman, skopeo, buildah, oras, crane, helm"
_DOCKER = "docker"
_PARSING = "error parsing HTTP 400 response body: invalid character '<' looking for beginning of value"
_FIRST_RECORD = "tls: first record does not look like a TLS handshake"
_REFUSED = "connect: connection refused"

# fmt: off
CLIENT_MESSAGES: tuple[ClientMessage, ...] = (
    ClientMessage(
        ("server gave http response to https client",),
        "http: server gave HTTP response to HTTPS client", _ALL_GO,
        "the client used TLS, and the server responded in plain HTTP",
        (Cause("the registry has no TLS on this port", "regtutor check http://HOST works"),
         Cause("the client does not read the setting for this host",
               "the name under insecure-registries differs from the name in the image, or the daemon was not "
               "restarted"),
         Cause("a proxy sends a plain HTTP Location or token address", "the push begins, and fails in the middle")),
        "regtutor check http://HOST; then set insecure-registries (docker), --tls-verify=false (podman, skopeo, "
        "buildah), --plain-http (oras, helm) or --insecure (crane), or give the registry a certificate",
        _reports("distribution/distribution#1874", "moby/moby#28091", "helm/helm#10838")),
    ClientMessage(
        ("http request to an https server", "plain http request was sent to https port"),
        "Client sent an HTTP request to an HTTPS server", "docker, podman, oras, helm, curl",
        "the client sent plain HTTP to a port that speaks TLS",
        (Cause("the client was told to use plain HTTP", "insecure-registries, --plain-http or http:// is set"),
         Cause("Location changed https to http, because the proxy sends no X-Forwarded-Proto",
               "the POST of an upload works, and the request after it fails")),
        "regtutor check https://HOST",
        ("https://nginx.org/en/docs/http/ngx_http_ssl_module.html", *_reports("distribution/distribution#2225"))),
    ClientMessage(
        ("proxyconnect tcp: tls:",),
        "proxyconnect tcp: tls: first record does not look like a TLS handshake", _DOCKER,
        "the client used TLS to reach the proxy, and the proxy speaks plain HTTP",
        (Cause("HTTPS_PROXY has the scheme https", "HTTPS_PROXY=https://..., where the proxy has no TLS"),),
        "Write HTTPS_PROXY=http://PROXY:PORT for the daemon, and restart it. The scheme is that of the proxy, not "
        "of the "
        "registry",
        _reports("docker/for-linux#415"), hides=(_FIRST_RECORD,)),
    ClientMessage(
        ("proxyconnect tcp: dial", "error connecting to proxy"),
        "proxyconnect tcp: dial tcp ADDRESS: connect: connection refused", _DOCKER,
        "the client could not reach the proxy; the registry received nothing",
        (Cause("the proxy's address is wrong for the daemon",
               "the address is 127.0.0.1 or :0, which means the machine of the daemon, perhaps a virtual machine"),
         Cause("the registry needs no proxy", "the host is internal, and not in NO_PROXY")),
        "Compare docker info (HTTP Proxy, HTTPS Proxy, No Proxy) with the proxy's address; then regtutor check HOST",
        _reports("docker/for-win#9478", "docker/for-win#7935"), hides=(_REFUSED,)),
    ClientMessage(
        ("first record does not look like a tls handshake", "wrong version number"),
        _FIRST_RECORD, _ALL_GO,
        "the client used TLS, and something responded that is not TLS",
        (Cause("the registry speaks plain HTTP on this port", "regtutor check http://HOST works"),
         Cause("a proxy or a firewall responds instead", "the registry works from other machines")),
        "regtutor check HOST, and regtutor check http://HOST",
        _reports("docker/for-mac#5863", "goharbor/harbor#18068")),
    ClientMessage(
        ("certificate signed by unknown authority", "unable to get local issuer certificate",
         "self-signed certificate"),
        "x509: certificate signed by unknown authority", _ALL_GO,
        "the client does not trust the CA that signed the certificate",
        (Cause("the registry's CA is internal or self-signed", "Docker Hub works, and only this registry fails"),
         Cause("a proxy opens TLS and signs with its own CA", "Docker Hub fails with the same message"),
         Cause("the server does not send its intermediate certificate", "a browser works, and other clients fail")),
        "regtutor check HOST --ca-file CA.pem; then put the CA into /etc/docker/certs.d/HOST/ca.crt (docker), "
        "/etc/containers/certs.d/HOST/ca.crt (podman, skopeo, buildah) or the system's store, and restart the daemon",
        _reports("distribution/distribution#1731", "moby/moby#28616", "docker-library/hello-world#86")),
    ClientMessage(
        ("doesn't contain any ip sans", "certificate is valid for", "certificate is not valid for any names"),
        "x509: cannot validate certificate for ADDRESS because it doesn't contain any IP SANs", _ALL_GO,
        "the certificate is for another name or address than the one in the image's name",
        (Cause("the certificate names a host, and the image an IP address", "the message names an address"),
         Cause("a proxy or another site responded with its own certificate",
               "the names in the certificate are foreign")),
        "regtutor check HOST; then use a name that the certificate has, or issue one with this name or address under "
        "subjectAltName",
        _reports("distribution/distribution#948")),
    ClientMessage(
        ("certificate relies on legacy common name field",),
        "x509: certificate relies on legacy Common Name field, use SANs instead", _ALL_GO,
        "the certificate has its name in the Common Name only, which Go no longer reads",
        (Cause("the certificate was made without subjectAltName",
               "curl accepts it, and clients written in Go do not"),),
        "Issue the certificate again with subjectAltName = DNS:NAME or IP:ADDRESS",
        _reports("goharbor/harbor#16971", "rancher/rke2#775")),
    ClientMessage(
        ("certificate has expired or is not yet valid", "certificate has expired"),
        "x509: certificate has expired or is not yet valid", _ALL_GO,
        "the present time is outside of the certificate's validity, as this machine's clock has it",
        (Cause("the certificate has expired", "the message ends with a date of the past, and the clock is right"),
         Cause("the clock is wrong", "date shows another day; common in virtual machines after sleep"),
         Cause("the store of CAs is old", "the date is 2021-09-30, when a root of Let's Encrypt expired")),
        "Compare date with the date in the message; then regtutor check HOST",
        _reports("moby/moby#11534", "moby/moby#28911", "amtoaer/bili-sync#68")),
    ClientMessage(
        ("http 413 response body", "413 request entity too large", "statuscode: 413", "413 payload too large"),
        "error parsing HTTP 413 response body: invalid character '<'", _ALL_GO,
        "a proxy in front of the registry refused the body because of its size",
        (Cause("nginx has its default limit of 1 MiB", "the page names nginx; small layers pass, and large ones fail"),
         Cause("a CDN or a cloud load balancer has a limit of its own", "the page names another program")),
        "Set client_max_body_size 0 for the registry's location in nginx (ingress: proxy-body-size: \"0\"); then "
        "regtutor push IMAGE HOST/REPOSITORY:TAG, which names the program that refuses",
        _reports("distribution/distribution-library-image#143", "BD2KGenomics/toil-rnaseq#112"), hides=(_PARSING,)),
    ClientMessage(
        ("http 403 response body", "<h1>403 forbidden", "statuscode: 403", "request forbidden by administrative rules"),
        "error parsing HTTP 403 response body: invalid character '<'", _ALL_GO,
        "a proxy or a firewall refused the request; the registry's own refusals are JSON",
        (Cause("a rule forbids the method or a word in the path or the body",
               "the same push with other content works; only PUT, PATCH or DELETE fails"),
         Cause("the proxy blocks this client's address", "every request fails, GET /v2/ as well")),
        "regtutor request PUT HOST/v2/ and regtutor request GET HOST/v2/: an HTML page shows who refuses",
        _reports("podman-container-tools/podman#18757", "docker/hub-feedback#302"), hides=(_PARSING,)),
    ClientMessage(
        ('"404 page not found', "404 page not found", "http 404 response body"),
        'error parsing HTTP 404 response body: "404 page not found"', _ALL_GO,
        "a web server has no such path: the request did not reach the registry's API",
        (Cause("a proxy changes or strips the path /v2/", "GET /v2/ is 404 through the proxy, and 200 directly"),
         Cause("no registry is at this address", "GET /v2/ is 404 directly as well")),
        "regtutor check HOST",
        _reports("docker/hub-feedback#1695", "SUSE/Portus#1511"), hides=(_PARSING,)),
    ClientMessage(
        ("invalid character '<' looking for beginning of value", "<!doctype html", "unexpected end of json input",
         "<h1>400 bad request"),
        _PARSING, _ALL_GO,
        "the response is a web page or empty, where the API sends JSON: a proxy, a login page or a portal responded",
        (Cause("a proxy reports an error of its own", "the page's title is a status, such as 502 Bad Gateway"),
         Cause("a login page or a web UI is at this address", "the page's title says sign in, or names the product"),
         Cause("plain HTTP was sent to a TLS port", "the status is 400, and the page says HTTPS port")),
        "regtutor check HOST; regtutor push IMAGE HOST/REPOSITORY:TAG names the page",
        _reports("MailRuChamps/hlcupdocs#105", "podman-container-tools/skopeo#2723",
                 "docker-archive/docker-registry#298")),
    ClientMessage(
        ("insufficient_scope", "insufficient scope", "push access denied", "pull access denied"),
        "server message: insufficient_scope: authorization failed", "docker, buildx, containerd",
        "the token does not permit this action in this repository",
        (Cause("the repository's name is wrong or does not exist",
               "the name differs from that in the registry's web UI"),
         Cause("the account or the access token may only read", "a pull works, and a push fails"),
         Cause("the client is not logged in to this host", "docker login was for another host or another user (sudo)")),
        "regtutor check HOST --username NAME shows as whom the registry sees you",
        _reports("docker/build-push-action#160", "distribution/distribution#2932", "docker/build-push-action#223")),
    ClientMessage(
        ("no basic auth credentials",),
        "no basic auth credentials", "docker, containerd",
        "the registry wants credentials, and the client has no credentials for this exact host",
        (Cause("the login was for another host, region or account", "the host in ~/.docker/config.json differs"),
         Cause("a credential helper is missing or has no access", "credHelpers or credsStore is set"),
         Cause("the login of ECR has expired", "it worked less than a day ago: its passwords are valid for 12 hours")),
        "Log in to exactly HOST; then regtutor check HOST --username NAME",
        _reports("aws/aws-cli#3042", "awslabs/amazon-ecr-credential-helper#49", "kciter/aws-ecr-action#1")),
    ClientMessage(
        ("unauthorized: authentication required", "401 unauthorized", "statuscode: 401",
         "incorrect username or password",
         "unauthorized: access to the requested resource"),
        "unauthorized: authentication required", _ALL_GO,
        "the registry did not accept the request without credentials, or with these",
        (Cause("no login for this host, or a wrong password", "the first request fails"),
         Cause("the token expired while a large layer was sent", "the message comes after Pushing, minutes later"),
         Cause("a proxy removes Authorization, or the registry's host and token service disagree",
               "the login works, and the push fails at its first request")),
        "regtutor check HOST --username NAME; regtutor push ... --trace push.json shows which request got 401",
        _reports("cesanta/docker_auth#240", "moby/moby#33558", "goharbor/harbor#198")),
    ClientMessage(
        ("requested access to the resource is denied", "denied: access forbidden", "error_description=access denied"),
        "denied: requested access to the resource is denied", "docker, podman, skopeo",
        "the registry knows who you are, or treats you as anonymous, and does not permit this",
        (Cause("the image's name has no namespace", "docker.io/library/NAME is in the output: only official images are "
               "there"),
         Cause("the login has expired or was for another user", "docker login again helps"),
         Cause("the account may not write there, or has no private repository left", "a pull works")),
        "Tag the image as HOST/NAMESPACE/NAME:TAG; then regtutor check HOST --username NAME",
        _reports("docker/for-mac#1271", "docker/hub-feedback#1222", "docker-archive-public/docker.app#321")),
    ClientMessage(
        ("toomanyrequests", "pull rate limit", "429 too many requests", "statuscode: 429"),
        "toomanyrequests: You have reached your pull rate limit", _ALL_GO,
        "the registry accepts no more requests for now from this account, or from this address",
        (Cause("anonymous pulls share the limit of an address",
               "others behind the same address pull as well (CI, NAT)"),
         Cause("the account has reached its own limit", "it happens when logged in")),
        "regtutor request HEAD HOST/v2/REPOSITORY/manifests/TAG shows RateLimit-Remaining or Retry-After; log in, "
        "or use "
        "a mirror",
        _reports("docker/docs#21908", "docker/getting-started#101")),
    ClientMessage(
        ("blob upload unknown", "blob upload invalid", "blob_upload_unknown", "blob_upload_invalid"),
        "blob upload unknown", _ALL_GO,
        "the registry does not know the upload session that the client followed",
        (Cause("a load balancer sends the requests of one push to several registries without shared storage or with "
               "different http.secret", "it works with one replica; the log says: invalid secret"),
         Cause("the proxy does not send X-Forwarded-Proto or Host, so Location leads elsewhere",
               "the Location in the trace has another scheme or port"),
         Cause("the session was purged or the registry restarted", "it happens once, and a second push works")),
        "regtutor push IMAGE HOST/REPOSITORY:TAG --trace push.json; regtutor explain push.json",
        _reports("distribution/distribution#2225", "distribution/distribution#1576", "distribution/distribution#2519")),
    ClientMessage(
        ("blob unknown", "manifest_blob_unknown", "blob_unknown"),
        "blob unknown to registry", _ALL_GO,
        "a manifest names a blob that the registry does not find in this repository",
        (Cause("an upload seemed to succeed, and was stored elsewhere", "several registries, or a storage with delay"),
         Cause("the garbage collection removed the blob", "the blob was pushed some time ago, and is still in a cache"),
         Cause("only a HEAD before an upload", "it is in the registry's log, with status 404, and the push succeeds")),
        "regtutor request HEAD HOST/v2/REPOSITORY/blobs/DIGEST; if it is 404, push again",
        _reports("distribution/distribution#1636", "goharbor/harbor#9667")),
    ClientMessage(
        ("provided digest did not match uploaded content", "digest_invalid", "digest invalid"),
        "digest invalid: provided digest did not match uploaded content", _ALL_GO,
        "the bytes that arrived do not have the digest that the client named",
        (Cause("a proxy changes or cuts the body", "it works without the proxy"),
         Cause("the client serialized JSON again, or compressed a layer again", "it is a program of your own"),
         Cause("chunks arrived twice or in another order", "only large layers fail")),
        "regtutor push IMAGE HOST/REPOSITORY:TAG --trace push.json; regtutor explain push.json",
        _reports("podman-container-tools/skopeo#1239", "moby/moby#28932", "oras-project/rust-oci-client#78")),
    ClientMessage(
        ("manifest invalid", "manifest_invalid", "415 unsupported media type"),
        "manifest invalid", _ALL_GO,
        "the registry does not accept this manifest: its type, its content or what it names",
        (Cause("the registry does not accept OCI manifests, or not Docker's",
               "it works with --format v2s2 or --format oci (podman, skopeo, buildah)"),
         Cause("an index, an attestation or an artifact is not supported",
               "it works with --provenance=false (buildx)"),
         Cause("an old client falls back to Schema 1", "the output has a deprecation notice for schema1")),
        "regtutor push IMAGE HOST/REPOSITORY:TAG; its error has the registry's detail",
        _reports("distribution/distribution#3055", "knative/func#2721", "docker/buildx#300")),
    ClientMessage(
        ("manifest unknown", "manifest_unknown"),
        "manifest unknown: manifest unknown", _ALL_GO,
        "the repository has no such tag or digest",
        (Cause("no tag was given, and latest does not exist", "the output says: Using default tag: latest"),
         Cause("the name of the repository or the tag is wrong", "regtutor tags does not list it"),
         Cause("a mirror or a cache has not got it yet", "the original registry has it")),
        "regtutor tags HOST/REPOSITORY",
        _reports("docker/docker-credential-helpers#266", "basecamp/once-campfire#14")),
    ClientMessage(
        ("no matching manifest for", "no image found in manifest list", "no match for platform in manifest"),
        "no matching manifest for linux/arm64/v8 in the manifest list entries", "docker, containerd, podman, skopeo",
        "the tag is an index, and it has no image for this platform",
        (Cause("the image was built for one architecture only", "regtutor inspect lists the platforms"),
         Cause("the client runs on arm64, as on a recent Mac", "uname -m")),
        "regtutor inspect HOST/REPOSITORY:TAG; then choose a listed platform with --platform, or build this one",
        _reports("caprover/caprover#1378", "FEMR/femr#712")),
    ClientMessage(
        ("the operation is unsupported", "405 method not allowed"),
        "unsupported: The operation is unsupported", "skopeo, crane, regctl, curl",
        "the registry does not support this request",
        (Cause("deletion is switched off", "the method is DELETE; Distribution: storage.delete.enabled"),
         Cause("the registry deletes by digest only", "the DELETE names a tag"),
         Cause("the registry is a pull-through cache", "a push fails with 405")),
        "regtutor delete HOST/REPOSITORY:TAG; its error names which of these it is",
        _reports("distribution/distribution#940", "distribution/distribution#2959", "docker/hub-feedback#2360")),
    ClientMessage(
        ("tls handshake timeout",),
        "net/http: TLS handshake timeout", _ALL_GO,
        "the connection was opened, and TLS did not complete in time",
        (Cause("the network is slow, or drops large packets (MTU, VPN)", "curl to the same host hangs as well"),
         Cause("the registry is overloaded", "it works at other times, from any machine"),
         Cause("a firewall drops TLS to this host", "other hosts work")),
        "regtutor check HOST",
        _reports("docker/hub-feedback#1195", "moby/moby#50035", "distribution/distribution#1194")),
    ClientMessage(
        ("client.timeout exceeded while awaiting headers", "context deadline exceeded",
         "request canceled while waiting"),
        "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
        _ALL_GO,
        "no connection or no response came in time",
        (Cause("a proxy is required, and the daemon does not use it", "curl in a shell with HTTPS_PROXY works"),
         Cause("name resolution is slow or wrong", "the host's address differs between machines"),
         Cause("a firewall drops the packets", "regtutor check also waits")),
        "regtutor check HOST; docker info shows the daemon's proxy",
        _reports("moby/moby#22635", "caprover/caprover#1493")),
    ClientMessage(
        ("no such host", "name or service not known", "temporary failure in name resolution", "server misbehaving"),
        "dial tcp: lookup HOST: no such host", _ALL_GO,
        "the name of the registry, or of the host in a redirect, cannot be resolved",
        (Cause("the name is misspelled, or an internal name is used outside of its network", "ping says the same"),
         Cause("the daemon uses another resolver than your shell",
               "the shell resolves it; the message names the resolver"),
         Cause("a Location or a redirect leads to an internal host", "the name is not the one in the image")),
        "regtutor check HOST",
        _reports("docker/for-win#4884", "docker/for-win#4437")),
    ClientMessage(
        ("connect: connection refused", "connection refused"),
        _REFUSED, _ALL_GO,
        "nothing listens on that port of that host, or a firewall refuses it",
        (Cause("the registry does not run, or has another port", "regtutor check says the same on its own machine"),
         Cause("the port is missing in the image's name", "the message names port 443 or 80"),
         Cause("localhost in a container or a virtual machine is not your machine",
               "the message names 127.0.0.1 or ::1"),
         Cause("a proxy sends Host without the port, so Location has none", "the push begins, and fails afterwards")),
        "regtutor check HOST",
        _reports("moby/moby#11201", "docker-archive-public/docker.kitematic#2226")),
    ClientMessage(
        ("unexpected commit digest", "filesystem layer verification failed", "image config verification failed"),
        "filesystem layer verification failed for digest sha256:...", "docker, containerd",
        "the bytes that were received do not have the digest that the manifest names",
        (Cause("a proxy or a cache sent a wrong or cut body",
               "the found digest is e3b0c442..., that of no bytes at all; or "
               "it works from another network"),
         Cause("the client resumed from a damaged part", "it works after its partial downloads are removed"),
         Cause("the registry's storage is damaged", "every machine gets the same wrong digest")),
        "regtutor pull HOST/REPOSITORY:TAG FOLDER: it compares every digest, and names the response",
        _reports("containerd/containerd#3974", "moby/moby#46163", "distribution/distribution#2952")),
    ClientMessage(
        ("no location header in response", "missing or empty location"),
        "Error determining upload URL: http: no Location header in response", "podman, skopeo, buildah",
        "a response to an upload has no Location, so the client does not know where to continue",
        (Cause("a proxy removed the header, or responded itself", "the registry directly sends it"),
         Cause("the registry failed after it had begun to respond", "its log has an error at that time")),
        "regtutor push IMAGE HOST/REPOSITORY:TAG --trace push.json; regtutor explain push.json",
        _reports("containers/image#756", "podman-container-tools/podman#4516")),
    ClientMessage(
        ("unexpected status from head request", "unexpected status code 403", "unsupported status code 403",
         "unsupported status code 404"),
        "unexpected status from HEAD request to https://HOST/v2/...: 403 Forbidden", "containerd, docker, crane",
        "a HEAD was refused; a response to HEAD has no body that could say why",
        (Cause("the package is private, or the account may not read it", "regtutor check shows as whom you are seen"),
         Cause("a firewall or a rule forbids HEAD", "GET of the same address works"),
         Cause("the registry does not support HEAD for manifests", "GET of the same address works")),
        "regtutor request GET HOST/v2/REPOSITORY/manifests/TAG: the body of the response says why",
        _reports("google/go-containerregistry#825", "containerd/containerd#8969", "LeoMartinDev/voy#3")),
    ClientMessage(
        ("500 internal server error", "502 bad gateway", "503 service unavailable", "504 gateway",
         "unexpected http status: 5"),
        "received unexpected HTTP status: 500 Internal Server Error", _ALL_GO,
        "the registry, its token service or a proxy failed",
        (Cause("the registry's storage is full, read-only or unreachable", "its log names the driver; a pull works"),
         Cause("the registry is down behind its proxy", "502 or 503, with a page of the proxy"),
         Cause("the token service failed", "the address in the message is not the registry's")),
        "regtutor check HOST; then the registry's log at that time",
        _reports("distribution/distribution-library-image#89", "podman-container-tools/buildah#2772",
                 "goharbor/harbor#11650")),
    ClientMessage(
        ("is not allowed, found in descriptor", "minimum number of descriptors",
         "does not contain a layer with mediatype"),
        "media type \"application/vnd.oci.image.config.v1+json\" is not allowed, found in descriptor", "helm, oras",
        "the reference is not a chart: an image, an index or another artifact is there",
        (Cause("the tag names an image or an index", "regtutor inspect shows a config of an image"),
         Cause("the chart has another path or version", "regtutor tags lists the versions"),
         Cause("a newer helm is stricter about additional layers", "an older helm pulls the same chart")),
        "regtutor inspect HOST/REPOSITORY:VERSION",
        _reports("helm/helm#31775", "helm/helm#30890", "devops-ia/helm-opencti#38")),
    ClientMessage(
        ("repository name must be lowercase", "invalid reference format"),
        "invalid reference format: repository name must be lowercase", "docker, podman, buildx",
        "the name of the image does not have the form of a reference; no request was sent",
        (Cause("the name has capital letters, as a user name on GitHub can", "it comes from a variable in CI"),
         Cause("a variable is empty, or a path has a blank", "the command has //, a trailing colon or $PWD unquoted")),
        "Write the name in lower case, and print the command with its variables",
        _reports("GoogleChromeLabs/bubblewrap#807", "konstructio/kubefirst#771", "l11x0m7/book-of-qna-code#8")),
    ClientMessage(
        ("index response didn't contain any endpoints",),
        "Index response didn't contain any endpoints", _DOCKER,
        "the address is a website and not a registry",
        (Cause("hub.docker.com was used as the registry", "the image's name begins with hub.docker.com/"),),
        "Use docker.io/NAMESPACE/NAME; the registry's host is registry-1.docker.io",
        _reports("moby/moby#27736")),
    ClientMessage(
        ("missing content-length header for request",),
        "missing content-length header for request", "docker, buildx",
        "a response to HEAD has no Content-Length, so the client does not know the size of the blob",
        (Cause("the registry's CDN responds to HEAD without it", "HEAD of the same blob shows no Content-Length"),
         Cause("a proxy compresses the response", "the response has Content-Encoding")),
        "regtutor request HEAD HOST/v2/REPOSITORY/blobs/DIGEST",
        _reports("docker/build-push-action#1292", "docker/hub-feedback#2467")),
)
# fmt: on
"""Every message; the more specific one comes first."""
