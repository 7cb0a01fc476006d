"""Activation functions, the softmax family and dropout."""

from . import case, forward, free, given, training, w, x

FRACTIONS = ("float16", "float64")

CASES = [
    *(
        free(case("Activation", x(*shape, draw="away"), act_type=kind))
        for shape in [(3, 4), (2, 3, 4, 2)]
        for kind in ("relu", "sigmoid", "tanh", "softrelu", "softsign")
    ),
    case("Activation", given(-60, -25, -5, -0.5, 0.25, 5, 19, 21, 60), act_type="softrelu"),
    free(case("hard_sigmoid", x(2, 3, 4, draw="away"))),
    free(case("hard_sigmoid", x(3, 5), alpha=0.3, beta=0.4)),
    case("hard_sigmoid", given(-4, -2.6, -2.4, -1, 0.1, 1, 2.4, 2.6, 4)),
    *(
        free(case("LeakyReLU", x(2, 3, 4, draw="away"), **attrs))
        for attrs in [
            {},
            {"act_type": "leaky"},
            {"act_type": "leaky", "slope": 0.1},
            {"act_type": "leaky", "slope": "0.2e0", "lower_bound": 0.125, "upper_bound": 0.334},
            {"act_type": "leaky", "slope": 0},
            {"act_type": "elu"},
            {"act_type": "elu", "slope": 1},
            {"act_type": "elu", "slope": 0.7},
            {"act_type": "selu"},
            {"act_type": "gelu"},
        ]
    ),
    free(case("LeakyReLU", x(2, 3, 4, 5, draw="away"), act_type="leaky", slope=0.3)),
    free(case("LeakyReLU", x(2, 3, 4, 5, draw="away"), act_type="elu", slope=1.0)),
    forward(free(case("LeakyReLU", x(2, 3, 4, draw="away"), act_type="rrelu"))),
    forward(free(case("LeakyReLU", x(2, 3, 4, draw="away"), act_type="rrelu", lower_bound=0.1, upper_bound=0.3))),
    *(
        free(case("LeakyReLU", x(*shape, draw="away"), w(slopes), act_type="prelu"))
        for shape, slopes in [((4, 3), 3), ((2, 3, 4), 3), ((2, 3, 4, 5), 3), ((2, 3, 2, 3, 2), 3), ((2, 3, 4), 1)]
    ),
    *(
        free(case(op, x(*shape), **attrs))
        for op in ("softmax", "log_softmax", "softmin")
        for shape, attrs in [
            ((3, 5), {}),
            ((3, 5), {"axis": 1}),
            ((2, 3, 4), {"axis": 1}),
            ((2, 3, 4), {"axis": -1, "temperature": 0.5}),
            ((2, 3, 4, 5), {"axis": 1}),
            ((2, 3, 4, 5), {}),
            ((2, 3, 4, 5), {"axis": 2, "temperature": "2"}),
        ]
    ),
    *(case(op, x(2, 3, 4), axis=0) for op in ("softmax", "log_softmax", "softmin")),
    free(case("softmax", x(3, 5), axis="-1", temperature="None", dtype="None")),
    free(case("softmax", x(3, 5), axis="-1", use_length="False")),
    forward(case("softmax", x(3, 5), given(2, 5, 1, dtype="int32"), use_length=True)),
    forward(case("softmax", x(3, 5, 2), given(2, 5, 1, 3, 4, 5, shape=(3, 2), dtype="int32"), use_length=True, axis=1)),
    *(
        free(case("SoftmaxActivation", x(*shape), **attrs))
        for shape, attrs in [
            ((3, 5), {}),
            ((2, 3, 4), {"mode": "channel"}),
            ((2, 3, 4, 5), {"mode": "channel"}),
        ]
    ),
    # MXNet's gradient of these is along axis 1, its output along the last axis
    forward(free(case("SoftmaxActivation", x(2, 3, 4), mode="instance"))),
    forward(free(case("SoftmaxActivation", x(2, 3, 4, 5)))),
    *(
        free(case("Dropout", x(*shape), **attrs))
        for shape, attrs in [
            ((4, 3), {}),
            ((4, 3), {"p": 0.3}),
            ((2, 3, 4, 5), {"p": "0.1e0", "mode": "training", "axes": "()"}),
            ((2, 3, 4), {"p": 0.5, "axes": (1,), "cudnn_off": False}),
        ]
    ),
    training(free(case("Dropout", x(4, 3), p=0))),
    case("SoftmaxActivation", x(2, 3, 4)),
    case("SoftmaxActivation", x(2, 3, 2, 2)),
    case("LeakyReLU", x(5, draw="away"), w(1), act_type="prelu"),
    forward(free(case("softmax", x(5, 3), given(2, 5, 1, dtype="int32"), use_length=True, axis=0))),
    *(free(case(op, x(2, 3, 4))) for op in ("sigmoid", "tanh", "softsign")),
    free(case("relu", x(2, 3, 4, draw="away"))),
    *(free(case(op, x(2, 3, 4, draw="away"))) for op in ("_npx_relu", "_npx_sigmoid")),
    # other types than float32
    # Keras layers do not convert it to float32
    *(
        forward(free(case(op, x(2, 3, 4, draw="away", dtype=kind))))
        for kind in FRACTIONS
        for op in ("relu", "LeakyReLU", "Dropout")
    ),
    *(
        forward(free(case(op, x(2, 3, 4, draw="away", dtype="float64"), **attrs)))
        for op, attrs in [
            ("sigmoid", {}),
            ("Activation", {"act_type": "softrelu"}),
            ("LeakyReLU", {"act_type": "elu"}),
            ("LeakyReLU", {"act_type": "selu"}),
            ("softmax", {}),
        ]
    ),
    forward(case("softmax", x(2, 3), dtype="float64")),
    forward(free(case("relu", given(1, 2, 3, 4, 5, 6, shape=(2, 3), dtype="int32")))),
    *(
        forward(case(op, given(1, 2, 3, 20, dtype=kind)))
        for op in ("sigmoid", "tanh", "softsign")
        for kind in ("int32", "int8")
    ),
]
