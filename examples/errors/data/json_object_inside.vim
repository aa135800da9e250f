# Objects within objects are not data.
mu ~ Normal(0, 10)
y  ~ Normal(mu, 1)
