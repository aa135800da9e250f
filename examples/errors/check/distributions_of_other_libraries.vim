# Stan, BUGS and PyMC have other names.
mu ~ dnorm(0, 0.001)
tau ~ HalfNorm(1)
factor normal_lpdf(mu, 0, tau)
y ~ Gaussian(mu, tau)
