# Stan's declarations; nothing is declared here.
real mu;
real<lower = 0> sigma;
y ~ Normal(mu, sigma)
