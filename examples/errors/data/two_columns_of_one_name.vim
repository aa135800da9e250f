# Two columns of one name.
mu ~ Normal(0, 10)
y  ~ Normal(mu, 1)
