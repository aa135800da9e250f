# Counts along a line, whose log rate is a smooth curve.

rho       ~ Gamma(25, 4)
alpha     ~ HalfNormal(2)
z[len(x)] ~ Normal(0, 1)
f         = cholesky(gp_exp_quad(x, alpha, rho) + 1e-8 * eye(len(x))) @ z
k         ~ Poisson(log = f)
