# A covariance is a square matrix.
mu ~ Normal(0, 1)
y ~ MvNormal(mu, cov = S)
