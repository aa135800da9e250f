# A positive distribution, and a zero.
mu ~ Normal(0, 1)
weight ~ LogNormal(mu, 1)
