"""Who gets a seat when there are more candidates than seats."""
