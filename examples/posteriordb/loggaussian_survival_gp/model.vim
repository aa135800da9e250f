# Months until a relapse: the log grows or falls smoothly with age, and some are still waiting at the end.

height ~ HalfNormal(2)
length ~ Gamma(2, 2)
sigma  ~ HalfNormal(1)
base   ~ Normal(0, 2)
f      ~ MvNormal(0, cov = gp_exp_quad(age, height, length) + 1e-6 * eye(len(age)))
months ~ censored(LogNormal(base + f, sigma), upper = limit)
