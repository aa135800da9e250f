# Numbers as German spreadsheets write them.
mu ~ Normal(0, 10)
y ~ Normal(mu, 1)
