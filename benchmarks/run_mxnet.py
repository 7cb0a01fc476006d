"""A Gluon net that runs once for each line on stdin, and prints the seconds and the processor time it took. Needs
MXNet."""

import sys
import time

import mxnet as mx
import numpy as np

prefix, batch = sys.argv[1], int(sys.argv[2])
net = mx.gluon.SymbolBlock.imports(f"{prefix}-symbol.json", ["data"], f"{prefix}-0000.params")
net.hybridize(static_alloc=True, static_shape=True)
data = mx.nd.array(np.random.default_rng(0).normal(size=(batch, 3, 224, 224)))
for _ in sys.stdin:
    start, used = time.perf_counter(), time.process_time()
    net(data).asnumpy()
    print(time.perf_counter() - start, time.process_time() - used, flush=True)
