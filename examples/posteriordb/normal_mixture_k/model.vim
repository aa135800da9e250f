# Three kinds of values: shares, means and spreads.

theta    ~ Dirichlet(ones(3))
mu[3]    ~ ordered(Normal(0, 10))
sigma[3] ~ Uniform(0, 10)
y        ~ mixture(theta, Normal(mu, sigma))
