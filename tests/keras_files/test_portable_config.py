import json
from itertools import count

import keras
import pytest

from netconv.keras_files.portable_config import _record, portable
from netconv.keras_files.shared_layers import in_order


def serialized(layer):
    return keras.saving.serialize_keras_object(layer)


def model_config(*outputs):
    inputs = keras.Input((3,), name="x")
    model = keras.Model(inputs, [output(inputs) for output in outputs])
    return portable(serialized(model))


def test_new_arguments_at_their_defaults_are_left_out():
    config, needs = portable(serialized(keras.layers.BatchNormalization(momentum=0.9)))
    assert set(config["config"]) <= set(_record()["arguments"]["keras.layers.BatchNormalization"].split())
    assert (config["config"]["momentum"], config["config"]["dtype"]) == (0.9, "float32")
    assert (str(needs), needs.because) == ("3.6", "")


def test_nested_objects_are_portable():
    config, _ = portable(serialized(keras.layers.Bidirectional(keras.layers.LSTM(3))))
    assert config["config"]["layer"]["config"]["kernel_initializer"]["config"] == {"seed": None}


def test_other_new_arguments_need_the_keras_that_has_them():
    config, needs = portable(serialized(keras.layers.BatchNormalization(renorm=True)))
    assert config["config"]["renorm"] is True
    assert (str(needs), needs.because) == ("3.14", "renorm of BatchNormalization")


def test_new_classes_need_the_keras_that_has_them():
    _, needs = portable(serialized(keras.layers.RMSNormalization()))
    assert (str(needs), needs.because) == ("3.9", "RMSNormalization")


def test_a_state_that_older_kerases_do_not_load_needs_a_newer_one():
    _, needs = portable(keras.saving.serialize_keras_object(keras.optimizers.Nadam()))
    assert (str(needs), needs.because) == ("3.10", "the state of Nadam")


def test_the_newest_requirement_counts():
    _, needs = model_config(keras.layers.RMSNormalization(), keras.layers.BatchNormalization(renorm=True))
    assert str(needs) == "3.14"


def test_operations_have_names_where_the_oldest_keras_reads_them():
    config, needs = model_config(lambda x: keras.ops.add(x, x), lambda x: keras.ops.squeeze(x[:, None], 1))
    found = {layer["class_name"]: layer["config"] for layer in config["config"]["layers"]}
    assert "name" in found["Add"]
    assert found["Squeeze"] == {"axis": 1}
    assert str(needs) == "3.6"


def test_quantized_policies_are_kept():
    policy = serialized(keras.layers.Dense(2, dtype=keras.dtype_policies.QuantizedDTypePolicy("int8", "float32")))
    config, _ = portable(policy)
    assert config["config"]["dtype"]["class_name"] == "QuantizedDTypePolicy"


def test_other_classes_are_kept_as_they_are():
    config = {"module": "somewhere", "class_name": "Own", "config": {"a": None}, "registered_name": "p>Own"}
    assert portable(config)[0] == config


def tensor(name, call=0):
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, call, 0]}}


def call(*args, **kwargs):
    return {"args": list(args), "kwargs": kwargs}


def entry(name, *calls):
    return {"name": name, "inbound_nodes": list(calls)}


def listed(layers):
    return [layer["name"] for layer in layers]


def test_layers_stand_after_those_of_their_inputs():
    layers, readable = in_order([entry("x"), entry("b", call(tensor("a"))), entry("a", call(tensor("x")))], count(1))
    assert (listed(layers), readable) == (["x", "a", "b"], True)


def test_a_layer_called_on_a_result_of_its_own_is_listed_again():
    shared = entry("d", call(tensor("x"), mask=None), call([tensor("a"), tensor("x")]))
    chain = [entry("x"), shared, entry("a", call(tensor("d"))), entry("b", call(tensor("d", 1)))]
    layers, readable = in_order(chain, count(1))
    assert (listed(layers), readable) == (["x", "d", "a", "d", "b"], True)
    assert layers[1]["inbound_nodes"] == [[["x", 0, 0, {"mask": None}]], [["a", 0, 0, {}], ["x", 0, 0, {}]]]
    assert layers[3]["inbound_nodes"] == []
    assert layers[1]["shared_object_id"] == layers[3]["shared_object_id"]


@pytest.mark.parametrize(
    "again", [call(tensor("a"), tensor("x")), call(tensor("a"), state=tensor("x")), call([[tensor("a")]])]
)
def test_calls_that_keras_2_cannot_express_are_kept(again):
    layers = [entry("x"), entry("d", call(tensor("x")), again), entry("a", call(tensor("d")))]
    assert in_order(layers, count(1)) == (layers, False)


def test_layers_that_wait_for_each_other_are_kept():
    layers = [entry("x"), entry("a", call(tensor("b"))), entry("b", call(tensor("a")))]
    assert in_order(layers, count(1)) == (layers, False)


def test_the_requirement_of_such_calls():
    config = {"module": "m", "class_name": "Functional", "config": {"layers": [entry("a", call(tensor("a")))]}}
    _, needs = portable(config)
    assert (str(needs), needs.because) == ("3.7", "calls of a layer on results of its own")


def test_every_recorded_version_is_one():
    record = json.loads(json.dumps(_record()))
    assert record["oldest"] == "3.6"
    assert {version.split(".")[0] for version in record["since"].values()} == {"3"}
