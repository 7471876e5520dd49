"""Everything of ours that touches HTTP, apart from the routers."""
