"""Where theory and experiment meet: the one folder that knows the physics of both."""
