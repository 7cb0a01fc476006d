"""Ops of MXNet that are known and not translated: why, and what to do instead. Knows no Keras."""

_ASYMMETRIC = "belongs to a recurrent layer of 8-bit integers, which Keras lacks; convert the float net"
_CALIBRATES = "computes the ranges for quantizing a net, and is not part of a net; leave it out of the exported net"
_OPTIMIZER = "is a step of an optimizer, not part of a net; compile the converted model with an optimizer of Keras"
_GRAPHS = "samples graphs in sparse storage, which Keras does not have; prepare the graph before the model"
_FILES = "reads or decodes image files; do that before the model"
_COUNTS = "draws until enough numbers differ; draw them outside the model and pass them as an input"
_LENGTH = (
    "returns a number of rows that depends on the data, and a Keras layer has fixed shapes; multiply by a mask instead"
)
_FOREIGN = "runs code that is not in the file; write it as ops of MXNet and export again"
_GPU = "is computed by MXNet on a GPU only, so it could not be compared; leave it out of the exported net"

_IN_PLACE = "changes an array in place, which Keras layers cannot; write it as other ops of MXNet and export again"
_EIGEN = (
    "finds eigenvectors or singular vectors, whose signs and order are arbitrary; for a "
    "symmetric matrix use _npi_eigh or _linalg_syevd"
)
_STOPS = (
    "stops the net where a condition fails, or examines memory, and computes nothing; leave it out of the exported net"
)
_WOLFRAM_LOSS = "is a loss of Mathematica's own; export the net without its loss layer, and choose a loss of Keras"
_WOLFRAM_RANDOM = (
    "is an op of Mathematica's own that draws at random; export the net without that layer, and use a layer of Keras "
    "before the model or after it is loaded"
)
_STRANGER = "is not an op of MXNet but a name of another tool; export the net with MXNet or Mathematica"

_GROUPS = {
    _ASYMMETRIC: "_contrib_quantize_asym _contrib_quantized_rnn",
    _CALIBRATES: "_contrib_calibrate_entropy",
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
    _COUNTS: "_sample_unique_zipfian",
    _LENGTH: "_contrib_boolean_mask _npi_boolean_mask _npx_nonzero _npi_nonzero _npi_unique _npi_delete _npi_bincount",
    _FOREIGN: "Custom _npi_Custom _CustomFunction _Native _NDArray _CachedOp _CachedOpThreadSafe",
    _GPU: "_contrib_DeformablePSROIPooling",
    _IN_PLACE: "_set_value _onehot_encode _npi_boolean_mask_assign_scalar _npi_boolean_mask_assign_tensor",
    _EIGEN: "_npi_eig _npi_eigvals _npi_svd",
    _STOPS: "_npx_constraint_check _npi_share_memory _NoGradient _CrossDeviceCopy",
    _WOLFRAM_LOSS: "NLLLoss CrossEntropyLoss MeanLoss",
    _WOLFRAM_RANDOM: "ImageAugment bernoulli",
    _STRANGER: "HardSigmoid __add_scalar__ __sub_scalar__ __rsub_scalar__ __mul_scalar__ __div_scalar__ "
    "__rdiv_scalar__ __pow_scalar__ __rpow_scalar__ maximum minimum ring_buffer _contrib_quantized_ring_buffer",
}

REFUSED: dict[str, str] = {op: reason for reason, ops in _GROUPS.items() for op in ops.split()}
"""Op to a sentence that goes on from its name."""
