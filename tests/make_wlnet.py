"""Writes fixtures/ckd/net.wlnet: the kidney net of fixtures/ckd/net.json as Mathematica's own file, with the names of
its classes."""

from pathlib import Path

from wolfram_files import File, chain, class_decoder, elementwise, layer, linear, softmax, tensor

from netconv.frontends.mxnet import params_file
from netconv.frontends.wolfram.expressions import Symbol

CKD = Path(__file__).parent.parent / "fixtures" / "ckd"
CLASSES = ("ckd", "notckd")


def write(target):
    stored = {entry.name: entry.read() for entry in params_file.entries(CKD / "net.params")}
    file = File()

    def arrays(number, *names):
        return {name: file.array(value=stored[f"{number}.{name}"]) for name in names}

    def dense(number, size, units):
        return {**linear(File(), size, units), "Arrays": arrays(number, "Weights", "Biases")}

    normalized = layer("BatchNormalization", tensor(24), tensor(24), {"Momentum": 0.9, "Epsilon": 0.001},
                       arrays(1, "Scaling", "Biases", "MovingMean", "MovingVariance"))  # fmt: skip
    dropout = layer("Dropout", tensor(20), tensor(20), {"DropoutProbability": 0.1, "Method": "Dropout"})
    layers = [normalized, dense(2, 24, 20), elementwise(Symbol("Ramp"), 20), dropout, dense(5, 20, 2), softmax(2)]
    return file.write(target, chain(*layers, outputs={"Output": class_decoder(*CLASSES)}))


if __name__ == "__main__":
    write(CKD / "net.wlnet")
