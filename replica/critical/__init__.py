"""Critical points of a model: folds, coexistence, instabilities; branches round their folds."""

from replica.critical.at_line import instability
from replica.critical.branch import Branch, follow
from replica.critical.equal_energies import coexistence
from replica.critical.folds import spinodal
from replica.critical.point import CriticalPoint, Start

__all__ = ["Branch", "CriticalPoint", "Start", "coexistence", "follow", "instability", "spinodal"]
