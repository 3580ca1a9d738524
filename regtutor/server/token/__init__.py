"""The token server, and the registry's side of tokens.

``scopes`` reads and writes scopes, ``policy`` holds the users and their rights, ``key`` signs and verifies tokens.
``issuing`` is the token server: it responds to ``GET /token`` and ``POST /token``. ``app`` lets it run alone, beside a
registry of another make. ``guard`` is the registry's side: it demands a token and checks it.

Source: CNCF Distribution 2.8.3, "Token Authentication Specification"
<https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/token.md>.
"""
