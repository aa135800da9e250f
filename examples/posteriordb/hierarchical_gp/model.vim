# Shares of votes over the years: regions, their states and the years differ, and regions and states drift smoothly.

mu                      ~ Normal(0.5, 0.5)
total                   ~ Gamma(3, 3)
share                   ~ Dirichlet(2 * ones(6))
tau                     = sqrt(6 * total * share)
length_region           ~ Weibull(30, 8)
length_state            ~ Weibull(30, 3)
when                    = seq(1, years)
a_year[years]           ~ Normal(0, tau[1])
a_region[region]        ~ Normal(0, tau[2])
a_state[state]          ~ Normal(0, tau[3])
drift_region[max(region)] ~ MvNormal(
  zeros(years),
  cov = gp_exp_quad(when, tau[4], length_region) + 1e-6 * eye(years),
)
drift_state[max(state)] ~ MvNormal(
  zeros(years),
  cov = gp_exp_quad(when, tau[5], length_state) + 1e-6 * eye(years),
)
votes                   ~ Normal(
  mu + a_year[year] + a_region[region] + a_state[state] + drift_region[region, year]
    + drift_state[state, year],
  tau[6],
)
