# All is known: a sampler has nothing to do.
y ~ Normal(0, 2)
