# All errors of a file are reported at once.
mu <- Normal(0, 10)
sigma ~ HalfNormal(.5)
y ~ Normal(mu + b ** 2, sigma))
for i in 1:3 { z[i] ~ }
