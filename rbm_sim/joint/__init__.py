"""Where theory and experiment meet: the one folder of both packages that knows the physics of both."""
