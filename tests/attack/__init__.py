"""A standing attack on the promise "every solution": an independent, slow, simple solver against `replica.solve_all`.

Nothing here but `driver.py` imports `replica`; the equations are typed anew from the theory.
"""
