"""A net of the size of ResNet-50 from MXNet's model zoo, with random weights. `make bench` runs it with the Python that
has MXNet."""

import sys

import mxnet as mx
from mxnet.gluon.model_zoo import vision

net = vision.resnet50_v1()
net.initialize(mx.init.Xavier())
net.hybridize()
net(mx.nd.zeros((1, 3, 224, 224)))
net.export(f"{sys.argv[1]}/resnet50_v1")
