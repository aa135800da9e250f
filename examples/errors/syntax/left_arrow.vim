# R's and BUGS's assignment.
mu <- 3
y ~ Normal(mu, 1)
