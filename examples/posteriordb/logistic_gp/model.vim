# Two classes along a line, whose log odds are a smooth curve.

height    ~ HalfNormal(2)
length    ~ InverseGamma(5, 5)
z[len(x)] ~ Normal(0, 1)
f         = cholesky(gp_exp_quad(x, height, length) + 1e-6 * eye(len(x))) @ z
class     ~ Bernoulli(logit = f)
