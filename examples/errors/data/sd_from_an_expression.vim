# One x is below 5.
mu ~ Normal(0, 1)
y ~ Normal(mu, x - 5)
for i in 1:3 { factor lpdf(Normal(mu, x[i] - 5), y[i]) }
