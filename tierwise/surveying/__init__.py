"""A look at an archive before it is asked about, for forecasts and samples."""
