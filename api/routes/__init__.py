"""HTTP routes, a file a resource. They translate and delegate; they decide nothing."""
