# A smooth curve of unknown form. Shows: a Gaussian process with learned length, height and noise.

## length over which the curve changes
rho ~ InverseGamma(5, 5)
## height of the curve
alpha ~ HalfNormal(3)
sigma ~ HalfNormal(1)
y     ~ MvNormal(0, cov = gp_exp_quad(x, alpha, rho) + sigma^2 * eye(rows))
