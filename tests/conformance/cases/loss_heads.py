"""Loss heads: their gradients are those of a loss and ignore the gradient from above, so only outputs are recorded."""

from . import any_size, case, forward, free, x

CASES = [
    *map(
        forward,
        [
            *(
                free(case(op, x(3, 5), x(3, draw=5), **attrs))
                for op in ("SoftmaxOutput", "Softmax")
                for attrs in [
                    {},
                    {"grad_scale": 2, "normalization": "batch"},
                    {"use_ignore": True, "ignore_label": -1, "normalization": "valid", "out_grad": False},
                    {"smooth_alpha": 0.1, "multi_output": False, "preserve_shape": "false"},
                ]
            ),
            free(case("SoftmaxOutput", x(2, 3, 4), x(2, 3, draw=4))),
            any_size(free(case("SoftmaxOutput", x(2, 3, 2, 3), x(2, 3, 2, draw=3)))),
            free(case("SoftmaxOutput", x(2, 3, 4), x(2, 4, draw=3), multi_output=True)),
            free(case("SoftmaxOutput", x(2, 3, 4, 5), x(2, 4, 5, draw=3), multi_output="True")),
            free(case("SoftmaxOutput", x(2, 3, 4), x(2, 3, draw=4), preserve_shape=True)),
            *(
                free(case(op, x(*shape), x(*shape), **attrs))
                for op in ("LinearRegressionOutput", "LogisticRegressionOutput", "MAERegressionOutput")
                for shape in [(4, 3), (2, 3, 4)]
                for attrs in [{}, {"grad_scale": 0.5}]
            ),
            free(case("SVMOutput", x(4, 3), x(4, draw=3))),
            free(case("SVMOutput", x(4, 3), x(4, draw=3), margin=0.5, regularization_coefficient=0.7, use_linear=True)),
            *(free(case(op, x(3, 4))) for op in ("MakeLoss", "make_loss")),
            free(case("MakeLoss", x(3, 4), grad_scale=2, normalization="batch", valid_thresh=0.1)),
            free(case("softmax_cross_entropy", x(4, 3), x(4, draw=3))),
        ],
    ),
]
