"""T > 0: averages over Markov chains, order parameters, tempering."""
