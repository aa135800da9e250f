# Stan's blocks.
parameters {
  real mu;
}
model {
  mu ~ Normal(0, 1)
  y ~ Normal(mu, 1)
}
