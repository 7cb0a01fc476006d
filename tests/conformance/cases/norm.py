"""Normalization layers."""

from . import Case, Input, any_size, case, forward, free, outputs, replace, s, training, w, x


def batch_norm(data: Input, width: int, **attrs) -> Case:
    return case("BatchNorm", data, w(width, draw="positive"), w(width), s(width), s(width, draw="positive"), **attrs)


BATCH_NORMS = [
    batch_norm(x(4, 3), 3, fix_gamma=False),
    batch_norm(x(2, 3, 4), 3, fix_gamma=False),
    batch_norm(x(2, 3, 4, 5), 3, fix_gamma=False),
    batch_norm(x(2, 3, 2, 3, 2), 3, fix_gamma=False),
    batch_norm(x(2, 3, 4, 5), 3),
    batch_norm(x(4, 3), 3, fix_gamma=True),
    batch_norm(x(2, 3, 4, 5), 3, fix_gamma="true", eps=2e-5, momentum=0.9),
    batch_norm(
        x(2, 3, 4, 5),
        3,
        fix_gamma="false",
        eps="0.001",
        momentum="0.9",
        use_global_stats="false",
        axis="1",
        cudnn_off="0",
    ),
    batch_norm(x(2, 3, 4, 5), 3, fix_gamma=False, eps=1e-5, momentum=0.5),
    batch_norm(x(2, 3, 4, 5), 3, fix_gamma=False, eps="0.1e-1", momentum=0.99),
    batch_norm(x(2, 3, 4), 3, fix_gamma=False, use_global_stats=True),
    batch_norm(x(2, 3, 4, 5), 3, fix_gamma=True, use_global_stats=True),
    batch_norm(x(2, 3, 4, 5), 5, fix_gamma=False, axis=-1),
    batch_norm(x(2, 3, 4, 5), 5, fix_gamma=True, axis=3),
    batch_norm(x(2, 3, 4, 5), 4, fix_gamma=False, axis=2),
    batch_norm(x(2, 3, 4), 4, fix_gamma=False, axis=-1),
    batch_norm(x(4, 3), 3, fix_gamma=False, axis=-1),
]
RECTIFIED = [replace(row, op="_contrib_BatchNormWithReLU") for row in (BATCH_NORMS[2], BATCH_NORMS[4])]
NORMED = [
    (x(3, 4), 4, {}),
    (x(2, 3, 4), 4, {}),
    (x(2, 3, 4, 5), 5, {"axis": -1, "eps": 1e-5}),
    (x(2, 3, 4, 5), 3, {"axis": 1}),
    (x(2, 3, 4), 3, {"axis": 1, "eps": 0.01}),
    (x(2, 3, 4), 4, {"axis": 2}),
    (x(2, 3, 4, 5), 4, {"axis": -2}),
]

CASES = [
    *(forward(free(row)) for row in RECTIFIED),
    *(free(training(row)) for row in RECTIFIED),
    *map(free, BATCH_NORMS),
    *(free(training(row)) for row in BATCH_NORMS),
    free(
        case("BatchNorm_v1", x(2, 3, 4, 5), w(3, draw="positive"), w(3), s(3), s(3, draw="positive"), fix_gamma=False)
    ),
    free(case("BatchNorm_v1", x(2, 3, 4, 5), w(3, draw="positive"), w(3), s(3), s(3, draw="positive"))),
    free(
        training(
            case(
                "BatchNorm_v1", x(2, 3, 4, 5), w(3, draw="positive"), w(3), s(3), s(3, draw="positive"), fix_gamma=False
            )
        )
    ),
    forward(
        free(
            case(
                "_contrib_SyncBatchNorm",
                x(2, 3, 4, 5),
                w(3, draw="positive"),
                w(3),
                s(3),
                s(3, draw="positive"),
                fix_gamma=False,
                key="k",
            )
        )
    ),
    *(free(case("LayerNorm", data, w(width), w(width), **attrs)) for data, width, attrs in NORMED),
    case("LayerNorm", x(3, 4), w(3), w(3), axis=0),
    forward(outputs(3, case("LayerNorm", x(2, 3, 4), w(4), w(4), output_mean_var=True))),
    *(
        free(case("InstanceNorm", data, w(3), w(3), **attrs))
        for data, attrs in [
            (x(2, 3, 4), {}),
            (x(2, 3, 4, 5), {}),
            (x(2, 3, 4, 5), {"eps": 0.1}),
            (x(2, 3, 2, 3, 4), {"eps": "0.1e-4"}),
        ]
    ),
    *(
        free(case("GroupNorm", x(2, 6, *size), w(groups), w(groups), num_groups=groups, **attrs))
        for size, groups, attrs in [
            ((4, 5), 3, {}),
            ((4, 5), 2, {"eps": 1e-3}),
            ((4, 5), 6, {}),
            ((7,), 2, {}),
            ((2, 3, 2), 3, {"eps": 0.01}),
        ]
    ),
    free(case("GroupNorm", x(2, 6, 4, 5), w(1), w(1))),
    outputs(3, free(case("GroupNorm", x(2, 6, 4, 5), w(3), w(3), num_groups=3, output_mean_var=True))),
    outputs(3, free(case("GroupNorm", x(2, 6, 4), w(2), w(2), num_groups=2, output_mean_var=True))),
    *(
        free(case("L2Normalization", x(2, 3, *size), **attrs))
        for size in [(4, 5), (4,)]
        for attrs in [{}, {"mode": "instance"}, {"mode": "channel"}, {"mode": "spatial", "eps": 1e-3}]
    ),
    free(case("L2Normalization", x(3, 4))),
    free(case("L2Normalization", x(3, 4), mode="instance", eps=0.5)),
    *(
        free(case("LRN", x(2, 7, 3, 4), **attrs))
        for attrs in [
            {"nsize": 5},
            {"nsize": 3, "alpha": 0.5, "beta": 0.6, "knorm": 1.5},
            {"nsize": 7, "alpha": "0.1e0", "beta": 1},
            {"nsize": 1, "alpha": 2, "beta": 0.5},
        ]
    ),
    outputs(3, case("LayerNorm", x(4, 3, 2), w(3), w(3), axis=-2, output_mean_var=True)),
    any_size(outputs(3, free(case("GroupNorm", x(2, 4, 3, 5), w(2), w(2), num_groups=2, output_mean_var=True)))),
    *(
        outputs(2, case("moments", x(3, 4, 5), **attrs))
        for attrs in [{"axes": "(2,)", "keepdims": True}, {"axes": "(0, 1)"}]
    ),
    outputs(2, case("moments", x(3, 4), axes=(0, 1))),
]
