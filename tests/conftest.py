import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# What TensorFlow fuses by itself on newer processors it fuses here on every one.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
