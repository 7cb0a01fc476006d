"""Names of MXNet 1.9.1 for what it computes under another name too: ops of sparse arrays, which are dense here, of its
numpy front end (two of MXNet 2), and of its own machinery. Knows no translation.
"""

_SPARSE = (
    "ElementWiseSum Embedding FullyConnected LinearRegressionOutput LogisticRegressionOutput MAERegressionOutput "
    "abs add_n arccos arccosh arcsin arcsinh arctan arctanh broadcast_add broadcast_div broadcast_minus "
    "broadcast_mul broadcast_plus broadcast_sub cbrt ceil clip concat cos cosh degrees dot elemwise_add "
    "elemwise_div elemwise_mul elemwise_sub exp expm1 fix floor gamma gammaln log log10 log1p log2 make_loss mean "
    "negative norm radians relu rint round rsqrt sigmoid sign sin sinh slice sqrt square stop_gradient sum tan "
    "tanh trunc where zeros_like "
)
SYNONYMS: dict[str, str] = {f"_sparse_{name}": name for name in _SPARSE.split()} | {
    "_contrib_SparseEmbedding": "Embedding",
    "_copyto": "_copy",
    "_grad_add": "elemwise_add",
    "_np_copy": "_copy",
    "_np_repeat": "repeat",
    "_npi_argsort": "argsort",
    "_npi_cast": "Cast",
    "_npi_clip": "clip",
    "_npi_copy": "_copy",
    "_npi_degrees": "degrees",
    "_npi_expand_dims": "expand_dims",
    "_npi_full": "_full",
    "_npi_gather_nd": "gather_nd",
    "_npi_hypot_scalar": "_hypot_scalar",
    "_npi_inv": "_linalg_inverse",
    "_npi_linspace": "_linspace",
    "_npi_maximum": "broadcast_maximum",
    "_npi_maximum_scalar": "_maximum_scalar",
    "_npi_minimum": "broadcast_minimum",
    "_npi_minimum_scalar": "_minimum_scalar",
    "_npi_radians": "radians",
    "_npi_rnn_param_concat": "_rnn_param_concat",
    "_npi_slice": "slice",
    "_npi_sort": "sort",
    "_npi_split": "_split_v2",
    "_npi_swapaxes": "SwapAxis",
    "_npi_take": "take",
    "_npi_tile": "tile",
    "_npi_copyto": "_copy",
    "_npi_transpose": "_np_transpose",
    "_npx_activation": "Activation",
    "_npx_arange_like": "_contrib_arange_like",
    "_npx_batch_dot": "batch_dot",
    "_npx_batch_flatten": "Flatten",
    "_npx_batch_norm": "BatchNorm",
    "_npx_cast": "Cast",
    "_npx_convolution": "Convolution",
    "_npx_deconvolution": "Deconvolution",
    "_npx_dropout": "Dropout",
    "_npx_embedding": "Embedding",
    "_npx_erf": "erf",
    "_npx_erfinv": "erfinv",
    "_npx_fully_connected": "FullyConnected",
    "_npx_gather_nd": "gather_nd",
    "_npx_layer_norm": "LayerNorm",
    "_npx_leaky_relu": "LeakyReLU",
    "_npx_log_softmax": "log_softmax",
    "_npx_one_hot": "one_hot",
    "_npx_pick": "pick",
    "_npx_pooling": "Pooling",
    "_npx_reshape_like": "reshape_like",
    "_npx_rnn": "RNN",
    "_npx_sequence_mask": "SequenceMask",
    "_npx_shape_array": "shape_array",
    "_npx_slice": "slice",
    "_npx_smooth_l1": "smooth_l1",
    "_npx_softmax": "softmax",
    "_npx_topk": "topk",
    "_scatter_elemwise_div": "elemwise_div",
    "_scatter_minus_scalar": "_minus_scalar",
    "_scatter_plus_scalar": "_plus_scalar",
}
"""Other name to the name that is translated."""
