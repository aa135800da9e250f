# Deaths after an operation in twelve hospitals, partially pooled.

mu      ~ Normal(0, 1000)
sigma2  ~ InverseGamma(0.001, 0.001)
b[rows] ~ Normal(mu, sqrt(sigma2))
deaths  ~ Binomial(operations, logit = b)
typical = inv_logit(mu)
