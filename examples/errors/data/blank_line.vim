# A blank line among the rows.
mu ~ Normal(0, 10)
y ~ Normal(mu, 1)
