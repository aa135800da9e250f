# The loop asks for an element that the data do not have.
mu ~ Normal(0, 1)
for t in 1:5 {
  y[t] ~ Normal(mu, 1)
}
