"""A model made outside Almanac, with scikit-learn: p50 and p90 of how long a task takes.

    pip install scikit-learn==1.9.1 skl2onnx==1.20.0 onnx==1.23.2
    python3 make-model.py            # writes runs.onnx beside this file

It learns from runs that are made up here; put your own in their place. What stands in the columns
is what Almanac calls its features: docs/predictor.md lists them.
"""

from pathlib import Path

import numpy as np
import onnx
from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingRegressor

FEATURES = ["log_input_bytes", "log_cpus", "log_blend"]


def made_up_runs(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Durations grow with the input and shrink with cores; statistics know them roughly."""
    log_bytes = random.uniform(np.log(1e4), np.log(1e11), count)
    log_cpus = np.log(2.0) * random.integers(0, 5, count)
    log_ms = 2.0 + 0.5 * log_bytes - 0.6 * log_cpus + random.normal(0.0, 0.2, count)
    log_blend = log_ms + random.normal(0.0, 0.6, count)
    columns = np.column_stack([log_bytes, log_cpus, log_blend]).astype(np.float32)
    return columns, log_ms.astype(np.float32)


def quantile_model(quantile: float, columns: np.ndarray, log_ms: np.ndarray) -> onnx.ModelProto:
    trees = GradientBoostingRegressor(
        loss="quantile", alpha=quantile, n_estimators=60, max_depth=3, random_state=1
    )
    trees.fit(columns, log_ms)
    return to_onnx(trees, columns[:1], target_opset={"": 17, "ai.onnx.ml": 3})


def beside(p50: onnx.ModelProto, p90: onnx.ModelProto) -> onnx.ModelProto:
    """Both in one model: one input, two outputs."""
    first, second = (
        onnx.compose.add_prefix(model, f"{name}_", rename_inputs=False).graph
        for name, model in (("p50", p50), ("p90", p90))
    )
    graph = onnx.helper.make_graph(
        [*first.node, *second.node],
        "runs",
        list(p50.graph.input),
        [*first.output, *second.output],
        [*first.initializer, *second.initializer],
    )
    model = onnx.helper.make_model(graph, opset_imports=p50.opset_import, ir_version=8)
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    runs = made_up_runs(5_000, np.random.default_rng(1))
    model = beside(quantile_model(0.5, *runs), quantile_model(0.9, *runs))
    print("input", model.graph.input[0].name, "outputs", [o.name for o in model.graph.output])
    Path(__file__).with_name("runs.onnx").write_bytes(model.SerializeToString())
