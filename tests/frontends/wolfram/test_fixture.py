"""The kidney net of the documents as Mathematica's own file."""

import numpy as np
from make_wlnet import CKD, CLASSES, write

import netconv
from netconv.frontends.wolfram import container


def test_it_is_the_net_of_net_json():
    x = np.random.default_rng(0).normal(size=(5, 24)).astype("float32")
    one, other = (netconv.convert(CKD / name).predict(x, verbose=0) for name in ("net.json", "net.wlnet"))
    np.testing.assert_allclose(one, other, atol=1e-6)
    assert CLASSES == ("ckd", "notckd")


def test_it_is_what_the_writer_writes(tmp_path):
    one, other = (container.read(path, "x") for path in (CKD / "net.wlnet", write(tmp_path / "net.wlnet")))
    assert one.network == other.network and one.version == other.version
    assert all((one.values(a) == other.values(other.arrays[n])).all() for n, a in one.arrays.items())
