# Without data, a name that is used above its ~ can only be data.
y ~ Normal(mu, 1)
mu ~ Normal(0, 10)
