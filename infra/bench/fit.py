"""Times the fits of the Python package lifetimes on the CDNOW sample: one line a model, its name and milliseconds."""
import csv
import statistics
import time

import numpy
from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter

with open("../shared/data/reference/cdnow_sample_cbs.csv", newline="") as table:
    rows = list(csv.DictReader(table))
x, t_x, t = (numpy.array([float(row[name]) for row in rows]) for name in ("x", "t_x", "T"))
for name, fitter in (("bgnbd", BetaGeoFitter), ("mbgnbd", ModifiedBetaGeoFitter), ("paretonbd", ParetoNBDFitter)):
    times = []
    for _ in range(5):
        began = time.perf_counter()
        fitter().fit(x, t_x, t)
        times.append(1000 * (time.perf_counter() - began))
    print(f"{name} {statistics.median(times):.1f}")
