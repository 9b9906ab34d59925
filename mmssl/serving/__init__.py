"""A server of runs and SavedModels, over HTTP and gRPC as TensorFlow Serving answers."""
