"""Files on a disk or in a bucket, one small interface for both."""
