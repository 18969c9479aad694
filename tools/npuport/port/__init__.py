"""From `upstream.lock` to the ported tree: lock -> upstream -> checkout -> series -> build -> trees."""
