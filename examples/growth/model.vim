# Weights of children over the months. Shows: intercepts and slopes that vary together, with a learned correlation.

## weight at the first visit, and growth a month
centre[2] ~ Normal(0, 10)
## spread of both between the children
spread[2] ~ HalfNormal(1)
## factor of the correlation of the two
L ~ LkjCholesky(2, 2)
## the line of each child
line[child] ~ MvNormal(centre, chol = diag(spread) @ L)
sigma       ~ HalfNormal(1)
weight      ~ Normal(line[child, 1] + line[child, 2] * month, sigma)
correlation = (L @ L')[1, 2]
