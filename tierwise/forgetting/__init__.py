"""One picture taken out of an output: tables, journal, thumbnails, page. The account stays."""
