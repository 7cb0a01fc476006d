"""The types of layers, a file a family. Each is translated to the nodes that Mathematica's own export to MXNet writes,
or to others that compute the same."""
