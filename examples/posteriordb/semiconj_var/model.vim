# Two series that push each other, with correlated shocks.

phi[2, 2] ~ Normal(0.5 * eye(2), 0.5)
S         ~ InverseWishart(6, eye(2))
n         = nrow(y)
y[2:n]    ~ MvNormal(y[1:(n - 1)] @ phi', cov = S)
