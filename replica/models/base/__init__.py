"""What a model is: control parameters, order parameters, equations, charts, diagrams."""

from replica.models.base.chart import Chart, ExactState, Finder, Found, overlap_nodes
from replica.models.base.controls import control, control_fields, domain_text
from replica.models.base.diagram import Diagram, Line
from replica.models.base.model import Model
from replica.models.base.order import Order, exp_clipped, gain, log_margin

__all__ = [
    "Chart",
    "Diagram",
    "ExactState",
    "Finder",
    "Found",
    "Line",
    "Model",
    "Order",
    "control",
    "control_fields",
    "domain_text",
    "exp_clipped",
    "gain",
    "log_margin",
    "overlap_nodes",
]
