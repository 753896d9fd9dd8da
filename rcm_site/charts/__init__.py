"""Charts as SVG that the server draws: one source for pages, mails and paper.

A chart is built by one function from numbers and from what is said `About` it. Pages write
`{{ chart.html }}`; a mail or a document takes `chart.drawings[0].svg`.
"""

from .bars import Bar, bar_chart, fold
from .chart import About, Benchmark, Chart, Series, Size
from .heat import HeatCell, heat_map
from .histogram import Bin, Mark, histogram
from .lines import line_chart
from .pareto import pareto
from .stacks import Part, Stack, stacked_bars, stacked_columns
from .time_axis import Step
from .units import COUNT, DAYS, DOLLARS, PERCENT, Unit

__all__ = [
    "COUNT",
    "DAYS",
    "DOLLARS",
    "PERCENT",
    "About",
    "Bar",
    "Benchmark",
    "Bin",
    "Chart",
    "HeatCell",
    "Mark",
    "Part",
    "Series",
    "Size",
    "Stack",
    "Step",
    "Unit",
    "bar_chart",
    "fold",
    "heat_map",
    "histogram",
    "line_chart",
    "pareto",
    "stacked_bars",
    "stacked_columns",
]
