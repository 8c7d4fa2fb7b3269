"""The calls of the API. Each class has the calls of one area; a call's decorator shows its path, body and answers."""
