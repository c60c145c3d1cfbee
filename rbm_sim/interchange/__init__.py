"""Machines in the files of other programs: one file here for each format, `load` and `save` for all.

Known are the runs of this package, plain arrays (.npz, .npy, state dicts among them), the HDF5 files of rbms and of
RestrictedBoltzmannMachines.jl, and safetensors. No pickle is ever opened, since opening one may run any program.
"""

from rbm_sim.interchange.found import Found
from rbm_sim.interchange.machine_files import FORMATS, load, read, save
from rbm_sim.machine.change_of_units import with_spins, with_zero_one

__all__ = ["FORMATS", "Found", "load", "read", "save", "with_spins", "with_zero_one"]
