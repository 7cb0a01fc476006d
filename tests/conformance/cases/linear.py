"""Dense layers, embeddings and matrix products."""

from . import case, forward, free, given, w, x

CASES = [
    *(
        free(case("FullyConnected", data, w(5, fan), w(5), num_hidden=5))
        for data, fan in [(x(3, 6), 6), (x(2, 3, 4), 12), (x(2, 3, 4, 2), 24), (x(2, 1), 1)]
    ),
    free(case("FullyConnected", x(3, 6), w(5, 6), num_hidden=5, no_bias=True)),
    free(case("FullyConnected", x(2, 3, 4), w(5, 12), num_hidden=5, no_bias="true", flatten="True")),
    free(case("FullyConnected", x(2, 3, 4), w(5, 4), w(5), num_hidden=5, flatten=False)),
    free(case("FullyConnected", x(2, 3, 2, 4), w(5, 4), num_hidden=5, flatten="false", no_bias="1")),
    case("FullyConnected", x(2, 6), x(5, 6), x(5), num_hidden=5),
    case("FullyConnected", x(2, 6), x(5, 6), num_hidden=5, no_bias=True),
    case("FullyConnected", x(2, 6), x(5, 6), w(5), num_hidden=5),
    case("FullyConnected", x(2, 3, 4), x(5, 4), num_hidden=5, no_bias=True, flatten=False),
    free(case("Embedding", x(2, 4, draw=11), w(11, 5), input_dim=11, output_dim=5)),
    free(case("Embedding", x(3, draw=7), w(7, 2), input_dim=7, output_dim=2)),
    free(case("Embedding", x(2, 3, 2, draw=7), w(7, 2), input_dim=7, output_dim=2, dtype="float32")),
    free(case("Embedding", x(2, 3, draw=7, dtype="int32"), w(7, 2), input_dim=7, output_dim=2, sparse_grad=False)),
    forward(case("Embedding", given(-1, 0, 2.7, 6, 7, 40), w(7, 3), input_dim=7, output_dim=3)),
    case("dot", x(2, 3), x(3, 4)),
    case("dot", x(3, 2), x(3, 4), transpose_a=True),
    case("dot", x(2, 3), x(4, 3), transpose_b=True),
    case("dot", x(3, 2), x(4, 3), transpose_a="true", transpose_b="true"),
    case("dot", x(3), x(3)),
    case("dot", x(2, 3, 4), x(4, 5)),
    case("dot", x(2, 3, 4), x(4, 5, 2)),
    case("dot", x(4, 2, 3), x(4, 5), transpose_a=True),
    case("dot", x(2, 4), x(5, 3, 4), transpose_b=True),
    case("dot", x(2, 3), w(3, 4)),
    case("dot", w(2, 3), x(3, 4)),
    case("batch_dot", x(2, 3, 4), x(2, 4, 5)),
    case("batch_dot", x(2, 4, 3), x(2, 4, 5), transpose_a=True),
    case("batch_dot", x(2, 3, 4), x(2, 5, 4), transpose_b=True),
    case("batch_dot", x(2, 4, 3), x(2, 5, 4), transpose_a="true", transpose_b="true"),
    case("batch_dot", x(2, 3, 4), w(2, 4, 5)),
    *(case(op, x(2, 3, 4), x(2, 4, 5)) for op in ("linalg_gemm2", "_linalg_gemm2")),
    case("linalg_gemm2", x(2, 4, 3), x(2, 5, 4), transpose_a=True, transpose_b=True, alpha=0.5),
    case("linalg_gemm2", x(4, 2, 3), x(4, 2, 3), transpose_b=True, axis=0),
    case("linalg_gemm2", x(2, 2, 3, 4), x(2, 2, 4, 5)),
    case("_linalg_gemm2", x(2, 3, 2, 1), x(2, 1, 2, 2), axis=1),
    case("FullyConnected", x(4), w(5, 4), w(5), num_hidden=5, flatten=False),
]
