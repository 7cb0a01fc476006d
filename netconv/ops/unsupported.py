"""Known ops that are not supported: the reason, and what to do instead."""

_QUANTIZED_RNN = "is part of an 8-bit recurrent layer, which Keras does not have; convert the float model"
_CALIBRATION = "computes value ranges before quantization and is not part of a model; remove it and export again"
_OPTIMIZER = "is an optimizer step, not part of a model; compile the converted model with a Keras optimizer"
_GRAPHS = "processes graphs in sparse storage, which Keras does not have; preprocess the graph outside the model"
_FILES = "reads, decodes, resizes or pads images with OpenCV; preprocess images outside the model"
_DISTINCT = "draws random numbers until enough are distinct; draw them outside the model and pass them as an input"
_DYNAMIC_SHAPE = (
    "has an output whose shape depends on the data, but Keras layers have fixed shapes; multiply by a mask instead"
)
_EXTERNAL_CODE = "runs code that is not in the file; replace it by MXNet ops and export again"
_GPU = (
    "runs only on a GPU in MXNet, so netconv cannot be compared with it; replace it by other MXNet ops and export again"
)

_IN_PLACE = "changes an array in place, which Keras layers cannot do; replace it by other MXNet ops and export again"
_EIGEN = (
    "computes eigenvectors or singular vectors, whose signs and order are arbitrary; for a "
    "symmetric matrix, use _npi_eigh or _linalg_syevd"
)
_NO_RESULT = "checks a condition or manages memory and computes nothing; remove it and export again"
_WOLFRAM_LOSS = "is a loss of Mathematica; export the net without its loss layer and choose a Keras loss"
_WOLFRAM_RANDOM = (
    "is a random op of Mathematica; export the net without that layer and add a random Keras layer "
    "to the converted model"
)
_NOT_MXNET = "is not an op of MXNet but of another tool; export the net with MXNet or Mathematica"

_GROUPS = {
    _QUANTIZED_RNN: "_contrib_quantize_asym _contrib_quantized_rnn",
    _CALIBRATION: "_contrib_calibrate_entropy",
    _OPTIMIZER: "adam_update sgd_update sgd_mom_update mp_sgd_update mp_sgd_mom_update nag_mom_update "
    "mp_nag_mom_update ftml_update ftrl_update rmsprop_update rmspropalex_update signsgd_update signum_update "
    "lamb_update_phase1 lamb_update_phase2 mp_lamb_update_phase1 mp_lamb_update_phase2 multi_lars multi_sgd_update "
    "multi_sgd_mom_update multi_mp_sgd_update multi_mp_sgd_mom_update preloaded_multi_sgd_update "
    "preloaded_multi_sgd_mom_update preloaded_multi_mp_sgd_update preloaded_multi_mp_sgd_mom_update "
    "_adamw_update _mp_adamw_update _multi_adamw_update _multi_mp_adamw_update _multi_lamb_update "
    "_multi_mp_lamb_update _sparse_adagrad_update _sparse_adam_update _sparse_ftrl_update _sparse_sgd_update "
    "_sparse_sgd_mom_update _contrib_group_adagrad_update reset_arrays",
    _GRAPHS: "_contrib_dgl_adjacency _contrib_dgl_csr_neighbor_non_uniform_sample "
    "_contrib_dgl_csr_neighbor_uniform_sample _contrib_dgl_graph_compact _contrib_dgl_subgraph _contrib_edge_id "
    "_contrib_getnnz",
    _FILES: "_cvimread _cvimdecode _cvimresize _cvcopyMakeBorder _imdecode _npi_cvimdecode _npi_cvimread "
    "_npi_cvimresize",
    _DISTINCT: "_sample_unique_zipfian",
    _DYNAMIC_SHAPE: "_contrib_boolean_mask _npi_boolean_mask _npx_nonzero _npi_nonzero _npi_unique _npi_delete "
    "_npi_bincount",
    _EXTERNAL_CODE: "Custom _npi_Custom _CustomFunction _Native _NDArray _CachedOp _CachedOpThreadSafe",
    _GPU: "_contrib_DeformablePSROIPooling",
    _IN_PLACE: "_set_value _onehot_encode _npi_boolean_mask_assign_scalar _npi_boolean_mask_assign_tensor",
    _EIGEN: "_npi_eig _npi_eigvals _npi_svd",
    _NO_RESULT: "_npx_constraint_check _npi_share_memory _NoGradient _CrossDeviceCopy",
    _WOLFRAM_LOSS: "NLLLoss CrossEntropyLoss MeanLoss",
    _WOLFRAM_RANDOM: "ImageAugment bernoulli",
    _NOT_MXNET: "HardSigmoid __add_scalar__ __sub_scalar__ __rsub_scalar__ __mul_scalar__ __div_scalar__ "
    "__rdiv_scalar__ __pow_scalar__ __rpow_scalar__ maximum minimum ring_buffer _contrib_quantized_ring_buffer",
}

UNSUPPORTED: dict[str, str] = {op: reason for reason, ops in _GROUPS.items() for op in ops.split()}
"""Op to a reason that continues a sentence after the op's name."""
