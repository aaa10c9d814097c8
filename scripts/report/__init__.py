"""One HTML page that shows a dataset."""
