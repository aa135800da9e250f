"""Writes columns.json: design matrices that patsy makes, with the names that R gives their columns.

pip install patsy, then: python make_columns.py
"""
import json
import re
from pathlib import Path

import numpy as np
import patsy

DATA = {
    "x": [1.5, 2.0, 0.5, 4.0, 3.5, 6.0, 5.5, 2.5, 7.0, 1.0, 0.25, 3.0],
    "z": [2.0, 1.0, 3.5, 5.0, 0.5, 2.5, 4.0, 6.5, 1.5, 3.0, 7.0, 0.75],
    "n": [1974, 1979, 1980, 1974, 1979, 1980, 1979, 1974, 1980, 1979, 1974, 1980],
    "g": list("abcabcbacbac"),
    "h": list("uvuvvuuvvuvu"),
}

# Formulas that mean the same to patsy and to R, as they are written for each.
FORMULAS = {
    "1 + x": "1 + x",
    "x * z": "x * z",
    "x - 1": "x - 1",
    "g": "g",
    "0 + g": "0 + g",
    "x * g": "x * g",
    "0 + x * g": "0 + x * g",
    "g * h": "g * h",
    "0 + g * h": "0 + g * h",
    "g / x": "g / x",
    "0 + g:x": "0 + g:x",
    "x + g:x": "x + g:x",
    "g + g:h": "g + g:h",
    "(x + z) * g - z:g": "(x + z) * g - z:g",
    "log(z) + I(x * z) + x^2": "np.log(z) + I(x * z) + I(x**2)",
    "category(n) * x": "C(n) * x",
    "x * z * g": "x * z * g",
}


def name(column):
    """patsy's `C(n)[T.1979]:x` as R's `n1979:x`."""
    column = re.sub(r"C\((\w+)\)", r"\1", column).replace("np.log", "log").replace("I(x ** 2)", "x^2")
    column = re.sub(r"np\.int64\((\d+)\)", r"\1", column)
    return re.sub(r"\[(?:T\.)?([^\]]*)\]", r"\1", column)


cases = {}
for own, theirs in FORMULAS.items():
    matrix = patsy.dmatrix(theirs, {key: np.array(values) for key, values in DATA.items()})
    names = [name(column) for column in matrix.design_info.column_names]
    columns = {column: np.asarray(matrix)[:, k].round(12).tolist() for k, column in enumerate(names)}
    cases[own] = {"intercept": columns.pop("Intercept", None) is not None, "columns": columns}
lines = [f'  {json.dumps(own)}: {json.dumps(case)}' for own, case in cases.items()]
text = '{"data": ' + json.dumps(DATA) + ',\n"cases": {\n' + ",\n".join(lines) + "\n}}\n"
(Path(__file__).parent / "columns.json").write_text(text)
