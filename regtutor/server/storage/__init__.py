"""Blobs, manifests, tags and upload sessions on disk, in the directory layout of CNCF Distribution. No HTTP."""
