# Deaths in two countries: infections renew themselves by day, measures lower their number, deaths follow with delays.

kappa ~ HalfNormal(0.5)
r0[2] ~ truncated(Normal(3.28, kappa), lower = 0)
## effects of two measures on the log of how many people one infects
alpha[2]   ~ Gamma(0.5, 1)
mean_start ~ Exponential(0.03)
start[2]   ~ Exponential(1 / mean_start)
phi        ~ HalfNormal(5)
fatal[2]   ~ truncated(Normal(1, 0.1), lower = 0)
spared     = exp(-alpha[1] * schools - alpha[2] * lockdown)
for m in 1:2 {
  for t in 1:8 {
    infected[t, m] = start[m]
  }
  for t in 9:nrow(deaths) {
    infected[t, m] = r0[m] * spared[t, m] * dot(infected[(t - 8):(t - 1), m], reverse(serial))
  }
  for t in 21:nrow(deaths) {
    deaths[t, m] ~ NegBinomial(fatal[m] * dot(infected[(t - 20):(t - 1), m], reverse(delay)), phi)
  }
}
