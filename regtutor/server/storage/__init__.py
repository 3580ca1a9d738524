"""Blobs, manifests, tags and upload sessions on disk, in CNCF Distribution's own directory layout; no HTTP."""
