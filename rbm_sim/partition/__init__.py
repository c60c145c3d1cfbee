"""ln Z and what follows from it: by enumeration, by annealed importance sampling, bounds."""
