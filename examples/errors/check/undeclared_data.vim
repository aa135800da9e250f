# Where one name of the data is declared, all are.
data y: real[N]
data N: int
mu ~ Normal(0, 1)
y ~ Normal(mu + x, 1)
