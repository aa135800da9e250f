# The weights of a mixture are probabilities.
m ~ Normal(0, 5)
y ~ mixture([0.7, 0.7], [Normal(m, 1), Normal(0, 1)])
