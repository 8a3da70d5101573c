"""What goes over the wire: pydantic models, each with an example. The domain types stay inside."""
