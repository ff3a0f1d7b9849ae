"""Batch jobs as both services run them: files and buckets in, files and buckets out."""
