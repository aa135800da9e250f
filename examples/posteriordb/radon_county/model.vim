# Radon in houses: means of counties, partially pooled.

mu            ~ Normal(0, 10)
tau           ~ HalfNormal(1)
sigma         ~ HalfNormal(1)
alpha[county] ~ Normal(mu, tau)
log_radon     ~ Normal(alpha[county], sigma)
