# Two classes along a line, whose log odds are a smooth curve.

height ~ HalfNormal(2)
length ~ InverseGamma(5, 5)
f      ~ MvNormal(0, cov = gp_exp_quad(x, height, length) + 1e-6 * eye(len(x)))
class  ~ Bernoulli(logit = f)
