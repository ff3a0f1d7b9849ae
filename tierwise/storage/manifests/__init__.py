"""Manifests: tables of images, in one file or in shards, read by whoever has a part of them."""
