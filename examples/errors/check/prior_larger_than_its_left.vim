# Arguments never broadcast an observed value.
mu[3] ~ Normal(0, 1)
y ~ Normal(mu, 1)
