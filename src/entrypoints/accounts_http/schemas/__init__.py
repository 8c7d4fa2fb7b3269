"""Request bodies and responses as msgspec structs, by area, with the functions that make a response from the model."""
