# A covariance that no variables have.
mu ~ Normal(0, 1)
y ~ MvNormal(mu, cov = S)
