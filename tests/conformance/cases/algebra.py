"""Triangles of matrices, the gamma function far out, resizing: the corners that their families' first rows leave."""

from . import case, forward, free, loosely, roaming, x

FAR = [-40.3, -7.7, -3.4, -0.6, -1e-3, 1e-3, 0.5, 1.5, 4.4, 7.9, 8.1, 33]

CASES = [
    loosely(1e-3, free(case("gamma", x(2, 6, draw=FAR)))),
    free(case("gammaln", x(2, 6, draw=FAR))),
    case("gammaln", x(2, 2, draw=[1.0001, 1.9999, 500, 1e5])),
    *(free(case("_linalg_extracttrian", x(2, 4, 4), offset=k, lower=lower)) for k in (-1, 0, 1) for lower in (0, 1)),
    *(free(case("_linalg_maketrian", x(2, 6), offset=k, lower=lower)) for k in (-1, 0, 1) for lower in (0, 1)),
    *(case("_linalg_trsm", x(3, 3, draw="lower"), x(3, 3), transpose=t, rightside=r) for t in (0, 1) for r in (0, 1)),
    case("_linalg_gemm", x(2, 3, 2, 4), x(2, 4, 2, 5), x(2, 3, 2, 5), axis=1, alpha=1.5, beta=0.5),
    forward(case("_image_resize", x(5, 9, 3), size=(7, 4), interp=0)),
    forward(case("_image_resize", x(5, 9, 3), size=7, keep_ratio=True)),
    *(
        case("_contrib_BilinearResize2D", x(2, 3, 5, 7), height=h, width=w, align_corners=corners)
        for h, w in [(8, 3), (1, 9)]
        for corners in (0, 1)
    ),
    *(
        roaming(case("_contrib_BilinearResize2D", x(2, 3, 5, 7), x(2, 1, 8, 4), mode="like", align_corners=corners))
        for corners in (0, 1)
    ),
]
