# `make demo` and `make test` need only Python 3.10 to 3.13; `make test-r` needs R, too.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test test-r compat arguments lint fuzz record table drawn nets zoo exports crash bench clean

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

demo: $(VENV)/ready
	rm -rf demo && mkdir demo
	cp fixtures/ckd/net.json fixtures/ckd/net.params fixtures/kidney.csv demo
	$(BIN)/netconv convert demo/net.json
	$(BIN)/netconv train demo/kidney.csv
	$(BIN)/netconv evaluate demo/kidney.csv
	$(BIN)/netconv predict demo/kidney.csv | head -6

lint: $(VENV)/ready
	$(BIN)/ruff check netconv tests benchmarks docs
	$(BIN)/ruff format --check netconv tests benchmarks docs
	$(BIN)/mypy

test: lint .venv-keras/3.6.0/ready
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

# Reads damaged files of each format and watches time and memory: make fuzz SEED=3 COUNT=1000 FORMATS='keras npz'
fuzz: $(VENV)/ready
	$(BIN)/python tests/fuzz/run.py $(SEED) $(COUNT) $(FORMATS)

# R has a Python of its own, with Keras and without netconv; what netconv needs besides is pyarrow, for the section that
# imports it. The reticulate of Debian 12 cannot use NumPy 2, which pyarrow needs from version 24 on.
.venv-r/ready:
	$(PYTHON) -m venv .venv-r
	.venv-r/bin/python -m pip install --quiet --disable-pip-version-check keras tensorflow 'numpy<2' \
	  'pyarrow<24'
	touch $@

# Runs docs/r.md; needs R with its packages reticulate and jsonlite.
test-r: $(VENV)/ready .venv-r/ready
	Rscript -e 'library(reticulate); library(jsonlite)'
	$(BIN)/python -m pytest -s tests/r/check.py

# Kerases without their dependencies, to be put before the installed one.
.venv-keras/%/ready: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(@D) keras==$*
	touch $@

.venv-backends/ready:
	$(PYTHON) -m venv .venv-backends
	.venv-backends/bin/python -m pip install --quiet --disable-pip-version-check keras h5py jax torch==2.13.0
	touch $@

.venv-keras2/ready:
	$(PYTHON) -m venv .venv-keras2
	.venv-keras2/bin/python -m pip install --quiet --disable-pip-version-check tensorflow==2.15.1
	touch $@

.venv-tf-keras/ready:
	$(PYTHON) -m venv .venv-tf-keras
	.venv-tf-keras/bin/python -m pip install --quiet --disable-pip-version-check tensorflow==2.21.0 tf_keras
	touch $@

# Opens converted nets with several Kerases; FOLDERS may name further folders of recorded nets. Keras 2 needs Python 3.11
# or older.
KERASES = .venv-keras/3.6.0 .venv-keras/3.9.2 .venv-keras/3.12.4 .venv-keras/3.14.1 .venv-keras/3.15.1
compat: $(KERASES:=/ready) .venv-backends/ready .venv-keras2/ready .venv-tf-keras/ready
	rm -rf tests/compat/nets
	$(BIN)/python tests/compat/write_nets.py tests/compat/nets/keras fixtures fixtures/conformance/nets $(FOLDERS)
	$(BIN)/python tests/compat/write_h5.py tests/compat/nets/h5
	$(BIN)/python tests/compat/matrix.py tests/compat/nets $(KERASES) -- \
	  jax=.venv-backends/bin/python torch=.venv-backends/bin/python \
	  keras=.venv-keras2/bin/python tf_keras=.venv-tf-keras/bin/python keras=$(BIN)/python

# What a Keras may read in a config: netconv/keras_files/keras_arguments.json. To be run when a newer Keras is supported.
MINORS = 3.6.0 3.7.0 3.8.0 3.9.2 3.10.0 3.11.3 3.12.4 3.13.2 3.14.1 3.15.1
arguments: $(MINORS:%=.venv-keras/%/ready)
	$(BIN)/python tests/compat/record_arguments.py .venv-keras

# MXNet has a separate environment: mxnet 1.9.1 requires an old numpy and cannot be installed beside TensorFlow.
.venv-mxnet/ready:
	$(PYTHON) -m venv .venv-mxnet
	.venv-mxnet/bin/python -m pip install --quiet --disable-pip-version-check 'mxnet==1.9.1' 'numpy==1.23.5' \
	  h5py pytest
	touch $@

record: .venv-mxnet/ready
	.venv-mxnet/bin/python tests/mxnet/record/all.py

# Measures the errors of all supported ops on the recordings: netconv/ops/errors.json, README.md, docs/ops.md.
table: $(VENV)/ready
	$(BIN)/python tests/conformance/measure.py

# Compares random rows of ops with MXNet: make drawn SEED=3 COUNT=1000 PART=Pool
SEED ?= 1
COUNT ?= 1000
drawn: $(VENV)/ready .venv-mxnet/ready
	rm -rf tests/mxnet/drawn/rows
	.venv-mxnet/bin/python -W ignore tests/mxnet/drawn/answer.py tests/mxnet/drawn/rows $(SEED) $(COUNT) $(PART)
	$(BIN)/python tests/mxnet/drawn/compare.py tests/mxnet/drawn/rows $(SEED) $(COUNT) $(PART)

# Compares random nets with MXNet: make nets SEED=3 COUNT=100
nets: $(VENV)/ready .venv-mxnet/ready
	rm -rf tests/mxnet/drawn/made
	.venv-mxnet/bin/python -W ignore tests/mxnet/drawn/nets.py tests/mxnet/drawn/made $(SEED) $(COUNT)
	$(BIN)/python tests/mxnet/drawn/compare_nets.py tests/mxnet/drawn/made

# The toolkits do not declare all their dependencies; GluonNLP is built with the installed numpy, and its C code made
# again, as what it has fits older versions of Python only.
.venv-mxnet/toolkits: .venv-mxnet/ready
	.venv-mxnet/bin/python -m pip install --quiet --disable-pip-version-check 'numpy==1.23.5' 'cython<3' packaging \
	  'pandas<2.1' 'scipy<1.12' 'matplotlib<3.8' 'opencv-python-headless<4.9' portalocker yacs pyyaml tqdm pillow \
	  setuptools wheel
	printf '[build_ext]\nforce = 1\n' > .venv-mxnet/build.cfg
	DIST_EXTRA_CONFIG=$(CURDIR)/.venv-mxnet/build.cfg .venv-mxnet/bin/python -m pip install --quiet \
	  --disable-pip-version-check --no-deps --no-build-isolation 'gluoncv==0.10.5.post0' 'gluonnlp==0.10.0'
	touch $@

# Published nets: records, compares and deletes each of them and prints one line; NETS selects some.
zoo: $(VENV)/ready .venv-mxnet/toolkits
	for net in $(or $(NETS),$$(.venv-mxnet/bin/python tests/mxnet/zoo/record.py)); do \
	  .venv-mxnet/bin/python tests/mxnet/zoo/record.py $$net tests/mxnet/zoo/nets/$$net; \
	  $(BIN)/python tests/mxnet/zoo/compare.py tests/mxnet/zoo/nets/$$net; \
	  rm -rf tests/mxnet/zoo/nets/$$net; \
	done

# Exports nets to every runtime, and prints how far what was written is from the Keras model, or why it is refused;
# FOLDERS may name further folders of nets.
exports: $(VENV)/ready
	$(BIN)/python tests/exporters/matrix.py fixtures/ckd fixtures/conformance/nets $(FOLDERS)

# Kills commands at random moments, and checks that nothing is lost and nothing left: make crash SEED=3 COUNT=200
crash: COUNT = 200
crash: $(VENV)/ready
	$(BIN)/python tests/crash/crash.py $(SEED) $(COUNT) $(PART)

# The large net is from MXNet's model zoo, with random weights.
benchmarks/nets/resnet50_v1-symbol.json: .venv-mxnet/ready
	mkdir -p benchmarks/nets
	.venv-mxnet/bin/python benchmarks/record.py benchmarks/nets

bench: $(VENV)/ready benchmarks/nets/resnet50_v1-symbol.json
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python benchmarks/convert.py
	$(BIN)/python benchmarks/size.py
	$(BIN)/python benchmarks/inference.py .venv-mxnet/bin/python
	$(BIN)/python benchmarks/export.py .venv-mxnet/bin/python
	$(BIN)/python benchmarks/read.py
	$(BIN)/python benchmarks/train.py
	$(BIN)/python benchmarks/predict.py

clean:
	rm -rf .venv* demo
	rm -rf benchmarks/nets tests/mxnet/drawn/rows tests/mxnet/drawn/made tests/mxnet/zoo/nets tests/compat/nets
	rm -rf .pytest_cache .ruff_cache
