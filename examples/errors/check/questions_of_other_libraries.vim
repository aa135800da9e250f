# A distribution is asked by cdf, log_cdf, log_ccdf, quantile, lpdf.
tau ~ HalfNormal(1)
p = pgamma(tau, 2, 1)
q = qbeta(0.5, 2, 3)
factor student_t_lccdf(3, 4, 0, tau)
factor log_cdf(tau, 1)
