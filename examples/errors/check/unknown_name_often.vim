# Reported once.
a ~ Normal(0, 1)
mu = a * w + w
y ~ Normal(mu * w, 1)
