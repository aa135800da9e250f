# Probabilistic principal components. Shows: latents per row, loadings as `param`, the ELBO as the exact likelihood.

param W[2, 6]
param m[6]
## sd of the noise
param s in (0, inf)

z[rows, 2] ~ Normal(0, 1)
cbind(x1, x2, x3, x4, x5, x6) ~ Normal(z @ W + m, s)
