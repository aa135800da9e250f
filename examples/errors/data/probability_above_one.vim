# The level is a probability, not a percentage.
tau ~ HalfNormal(1)
limit = quantile(Normal(0, tau), level)
