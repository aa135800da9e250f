# The entries of a series of zeros and ones depend on each other.
a ~ Normal(0, 1)
b ~ Normal(0, 1)
y[1] ~ Bernoulli(0.5)
for t in 2:rows {
  y[t] ~ Bernoulli(logit = a + b * y[t - 1])
}
