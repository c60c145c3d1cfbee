"""Zero temperature: moves, retrieval trials, capacities."""
