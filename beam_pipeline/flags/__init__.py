"""Every flag, described as data: a file for each verb."""
